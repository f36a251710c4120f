#!/usr/bin/env bash
# OpenCV dnn and MNN: Gelu has one form, whatever `approximate` says.
#
# Guess:     approximate="none" uses erf, "tanh" the approximation: at -3.5 they give -0.00081 and -0.00062.
# Behaviour: OpenCV gives -0.00081 for both, MNN -0.00056 for both, which is neither.
# Cure:      spell Gelu out as x * 0.5 * (1 + Erf(x / sqrt 2)).
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


x = np.array([[-3.5, -2.5]], np.float32)
for name in ("none", "tanh"):
    save(name + ".onnx", [helper.make_node("Gelu", ["x"], ["y"], approximate=name)], x, opset=20)
PY
for name in none tanh; do
    env/bin/mnnconvert -f ONNX --modelFile $name.onnx --MNNModel $name.mnn > converted.txt 2>&1
done
env/bin/python - <<'PY'
import cv2
import MNN
import numpy as np
from onnx.reference import ReferenceEvaluator

x = np.array([[-3.5, -2.5]], np.float32)
found = {}
for name in ("none", "tanh"):
    net = cv2.dnn.readNetFromONNX(name + ".onnx")
    net.setInput(x)
    module = MNN.nn.load_module_from_file(name + ".mnn", ["x"], ["y"])
    given = MNN.expr.placeholder([1, 2], MNN.expr.NCHW)
    given.write(x)
    answers = ReferenceEvaluator(name + ".onnx").run(None, {"x": x})[0], net.forward(), module.forward([given])[0].read()
    found[name] = [float(np.ravel(a)[0]) for a in answers]
    print(name, "reference, OpenCV, MNN:", [f"{v:.6f}" for v in found[name]])
exact, approximate = found["none"][0], found["tanh"][0]
assert abs(exact - approximate) > 1e-4
assert abs(found["tanh"][1] - exact) < 1e-5 and abs(found["none"][1] - exact) < 1e-5
assert found["none"][2] == found["tanh"][2] and abs(found["none"][2] - exact) > 2e-4
PY
echo "as described"
