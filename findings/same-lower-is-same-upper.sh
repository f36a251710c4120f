#!/usr/bin/env bash
# OpenCV dnn and MNN: auto_pad=SAME_LOWER pads on the other side.
#
# Guess:     SAME_LOWER puts the odd row of padding before the image.
# Behaviour: both treat it as SAME_UPPER, without an error: the kernel is shifted by a pixel, and all results differ.
# Cure:      write `pads` as numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==5.0.0.93 MNN==3.6.1
env/bin/python - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def save(file, nodes, x, constants=(), shape=None, opset=17):
    value = helper.make_tensor_value_info
    given = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants]
    graph = helper.make_graph(nodes, "g", [value("x", 1, x.shape)], [value("y", 1, shape or x.shape)], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    open(file, "wb").write(model.SerializeToString())


x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
for name in ("SAME_LOWER", "SAME_UPPER"):
    node = helper.make_node("Conv", ["x", "w"], ["y"], auto_pad=name)
    save(name + ".onnx", [node], x, [("w", np.array([[[[1, 2], [3, 4]]]], np.float32))])
PY
env/bin/mnnconvert -f ONNX --modelFile SAME_LOWER.onnx --MNNModel lower.mnn > converted.txt 2>&1
env/bin/python - <<'PY'
import cv2
import MNN
import numpy as np
from onnx.reference import ReferenceEvaluator

x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
lower, upper = (ReferenceEvaluator(f"SAME_{n}.onnx").run(None, {"x": x})[0].ravel().tolist() for n in ("LOWER", "UPPER"))
net = cv2.dnn.readNetFromONNX("SAME_LOWER.onnx")
net.setInput(x)
opencv = net.forward().ravel().tolist()
module = MNN.nn.load_module_from_file("lower.mnn", ["x"], ["y"])
given = MNN.expr.placeholder([1, 1, 3, 3], MNN.expr.NCHW)
given.write(x)
mnn = MNN.expr.convert(module.forward([given])[0], MNN.expr.NCHW).read().ravel().tolist()
print("lower", lower, "OpenCV", opencv, "MNN", mnn, sep="\n")
assert lower != upper
assert opencv == mnn == upper
PY
echo "as described"
