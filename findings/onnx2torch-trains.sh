#!/usr/bin/env bash
# onnx2torch: the module is in training mode, so that Dropout of a file drops.
#
# Guess:     an exported network is for inference, and gives the same numbers each time, as in ONNX Runtime.
# Behaviour: the module comes back in training mode: a Dropout node, which does nothing in a file for inference, sets values
#            to 0 and doubles others, and BatchNormalization uses the statistics of the batch and changes its own.
# Cure:      convert(file).eval().
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

x = np.ones((1, 1000), np.float32)
save("a.onnx", [helper.make_node("Dropout", ["x"], ["y"])], x)
module = convert("a.onnx")
told = sorted(set(module(torch.from_numpy(x)).detach().numpy().ravel().tolist()))
calm = sorted(set(module.eval()(torch.from_numpy(x)).detach().numpy().ravel().tolist()))
print("as it comes", told, "after eval()", calm)
assert told == [0.0, 2.0]
assert calm == [1.0]
PY
echo "as described"
