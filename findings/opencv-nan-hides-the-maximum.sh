#!/usr/bin/env bash
# OpenCV 5 dnn: a NaN in a window of MaxPool hides the values before it.
#
# Guess:     NaN, or the largest of the other values.
# Behaviour: the window 9, NaN, 3, 4 gives 4: neither NaN nor the maximum. OpenCV 4.13 and ONNX Runtime give 9.
# Cure:      check images for NaN before they go in.
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

x = np.array([9, np.nan, 3, 4], np.float32).reshape(1, 1, 2, 2)
save("a.onnx", [helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2])], x, shape=(1, 1, 1, 1))
net = cv2.dnn.readNetFromONNX("a.onnx")
net.setInput(x)
opencv = float(net.forward().ravel()[0])
runtime = float(onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].ravel()[0])
print("OpenCV", opencv, "ONNX Runtime", runtime)
assert (opencv, runtime) == (4, 9)
PY
echo "as described"
