#!/usr/bin/env bash
# onnx2torch: CumSum without attributes runs from the end to the start.
#
# Guess:     1, 3, 6, 10 for 1, 2, 3, 4: `reverse` is 0 unless it is given.
# Behaviour: 10, 9, 7, 4. With reverse=0 spelled out it is right.
# Cure:      spell out reverse=0, or multiply by a triangle of ones.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 onnx2torch==1.5.15 torch==2.13.0 "setuptools<81"
env/bin/python - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def save(file, nodes, x, constants=(), shape=None, opset=17):
    value = helper.make_tensor_value_info
    given = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants]
    graph = helper.make_graph(nodes, "g", [value("x", 1, x.shape)], [value("y", 1, shape or x.shape)], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    open(file, "wb").write(model.SerializeToString())


import torch

operations = torch.library.Library("torchvision", "DEF")  # torchvision's own need a build for this PyTorch
for name in ("nms", "qnms"):
    operations.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from onnx2torch import convert

x = np.array([[1, 2, 3, 4]], np.float32)
found = {}
for told in ({}, {"reverse": 0}, {"reverse": 1}):
    save("a.onnx", [helper.make_node("CumSum", ["x", "axis"], ["y"], **told)], x, [("axis", np.array(1, np.int64))])
    found[str(told)] = convert("a.onnx")(torch.from_numpy(x)).detach().numpy().ravel().tolist()
    print(told, found[str(told)])
assert found["{}"] == [10.0, 9.0, 7.0, 4.0]
PY
echo "as described"
