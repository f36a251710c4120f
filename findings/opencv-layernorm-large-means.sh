#!/usr/bin/env bash
# OpenCV dnn: LayerNormalization of values around 10 000 is off by a factor of 540.
#
# Guess:     -1.46, -0.88, ... 1.46 for 10000 to 10005, as for 0 to 5: float32 holds these numbers exactly.
# Behaviour: -790 ... 790. The variance is computed as the mean square minus the squared mean, which cancels in float32.
#            ONNX Runtime gives -1.46 ... 1.46.
# Cure:      subtract a constant before the layer, where values may have a large mean.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==5.0.0.93 onnxruntime==1.32.0
env/bin/python - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def save(file, nodes, x, constants=(), shape=None, opset=17):
    value = helper.make_tensor_value_info
    given = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants]
    graph = helper.make_graph(nodes, "g", [value("x", 1, x.shape)], [value("y", 1, shape or x.shape)], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    open(file, "wb").write(model.SerializeToString())


import cv2
import onnxruntime

x = 10_000 + np.arange(6, dtype=np.float32).reshape(1, 6)
node = helper.make_node("LayerNormalization", ["x", "scale", "shift"], ["y"], axis=-1)
save("a.onnx", [node], x, [("scale", np.ones(6, np.float32)), ("shift", np.zeros(6, np.float32))])
net = cv2.dnn.readNetFromONNX("a.onnx")
net.setInput(x)
found = net.forward().ravel()
runtime = onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].ravel()
print("OpenCV", found.round(2), "ONNX Runtime", runtime.round(2))
assert abs(runtime[-1] - 1.46) < 0.01
assert found[-1] > 100
PY
echo "as described"
