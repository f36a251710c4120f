#!/usr/bin/env bash
# OpenCV 4 dnn: AveragePool ignores count_include_pad.
#
# Guess:     a corner of an image of ones, windows of 3, padding 1, count_include_pad=1: 4 / 9.
# Behaviour: 1, as if padding did not count. PyTorch exports AvgPool2d(padding=1) with count_include_pad=1, its default,
#            so that all borders differ.
# Cure:      nn.AvgPool2d(..., count_include_pad=False), or OpenCV 5, which heeds it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==4.13.0.92 onnxruntime==1.32.0
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

x = np.ones((1, 1, 3, 3), np.float32)
node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
save("a.onnx", [node], x)
net = cv2.dnn.readNetFromONNX("a.onnx")
net.setInput(x)
found = net.forward().ravel().round(3).tolist()
runtime = onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].ravel().round(3).tolist()
print("OpenCV", found, "ONNX Runtime", runtime)
assert abs(runtime[0] - 0.444) < 0.001
assert found == [1.0] * 9
PY
echo "as described"
