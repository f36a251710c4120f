#!/usr/bin/env bash
# OpenVINO: in a file of opset 17, ReduceL1, ReduceLogSum and ReduceLogSumExp ignore their axes.
#
# Guess:     axes=[1] gives a sum for each row.
# Behaviour: one number over everything, of shape (1, 1), without an error. ReduceL2, ReduceMean and ReduceMax of the
#            same file heed the attribute.
# Cure:      ReduceSum of Abs, or opset 18, where axes are an input.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 openvino==2026.4.1
env/bin/python - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def save(file, nodes, x, constants=(), shape=None, opset=17):
    value = helper.make_tensor_value_info
    given = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants]
    graph = helper.make_graph(nodes, "g", [value("x", 1, x.shape)], [value("y", 1, shape or x.shape)], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    open(file, "wb").write(model.SerializeToString())


import openvino

x = np.array([[1, -2, 3], [4, 5, 6]], np.float32)
found = {}
for op in ("ReduceL1", "ReduceLogSumExp", "ReduceL2", "ReduceMean"):
    save("a.onnx", [helper.make_node(op, ["x"], ["y"], axes=[1], keepdims=1)], x, shape=("rows", "one"))
    y = openvino.Core().compile_model("a.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})({"x": x})[0]
    found[op] = (y.shape, y.ravel().round(2).tolist())
    print(op, *found[op])
assert found["ReduceL1"] == ((1, 1), [21.0])
assert found["ReduceLogSumExp"][0] == (1, 1)
assert found["ReduceL2"][0] == found["ReduceMean"][0] == (2, 1)
PY
echo "as described"
