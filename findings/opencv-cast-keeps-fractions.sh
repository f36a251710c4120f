#!/usr/bin/env bash
# OpenCV 4 dnn: Cast to an integer or a truth value changes nothing.
#
# Guess:     -1, 0, 1 for -1.9, 0.5, 1.9, and true for 0.1.
# Behaviour: -1.9, 0.5, 1.9 and 0.1: Cast is dropped when the file is read, so that bins, one-hot codes and quantized
#            values that a file makes by Cast go on with their fractions.
# Cure:      Floor before the Cast, or OpenCV 5.
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

x = np.array([[-1.9, 0.5, 1.9, 0.1]], np.float32)
found = {}
for kind in ("INT64", "BOOL"):
    to = getattr(TensorProto, kind)
    save("a.onnx", [helper.make_node("Cast", ["x"], ["i"], to=to), helper.make_node("Cast", ["i"], ["y"], to=1)], x)
    net = cv2.dnn.readNetFromONNX("a.onnx")
    net.setInput(x)
    found[kind] = [round(v, 2) for v in net.forward().ravel().tolist()]
    runtime = onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].ravel().tolist()
    print(kind, "OpenCV", found[kind], "ONNX Runtime", runtime)
    assert runtime == ([-1, 0, 1, 0] if kind == "INT64" else [1, 1, 1, 1])
assert found["INT64"] == found["BOOL"] == [-1.9, 0.5, 1.9, 0.1]
PY
echo "as described"
