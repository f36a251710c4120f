#!/usr/bin/env bash
# OpenCV's dnn module: Softplus is infinite from 89 on, where the function is nearly x itself.
#
# Guess:     Softplus(100) is 100, as in ONNX Runtime and PyTorch.
# Behaviour: OpenCV 5.0.0 (and 4.13.0) compute log(1 + exp(x)) as it is written: exp(89) is no float32 any
#            more, so the output is inf.
# Cure:      write max(x, 0) + log(1 + exp(-|x|)) into the file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==5.0.0.93
env/bin/python - <<'PY'
from onnx import TensorProto, helper

value = helper.make_tensor_value_info
node = helper.make_node("Softplus", ["x"], ["y"])
graph = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, [1, 3])], [value("y", TensorProto.FLOAT, [1, 3])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
open("a.onnx", "wb").write(model.SerializeToString())
PY
env/bin/python - <<'PY'
import cv2
import numpy as np

net = cv2.dnn.readNetFromONNX("a.onnx")
net.setInput(np.array([[88.0, 89.0, 100.0]], np.float32))
found = net.forward().ravel().tolist()
print("OpenCV", cv2.__version__, found)
assert found == [88.0, float("inf"), float("inf")]
PY
echo "as described"
