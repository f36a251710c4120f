#!/usr/bin/env bash
# ONNX Runtime: ArgMax and ReduceMax leave NaN out, where ONNX's reference evaluator gives NaN its place.
#
# Guess:     NaN comes out, as from NumPy: the maximum of a row with a NaN is NaN, ArgMax its index.
# Behaviour: on [1, nan, 3] ONNX Runtime says maximum 3 and index 2, the reference nan and index 1; on a row of NaN alone
#            both say nan and 0. So a network whose scores hold a NaN names a class with confidence. Relu keeps NaN in both.
# Cure:      check scores for NaN before ArgMax.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.22.0 onnxruntime==1.32.0 numpy==2.4.6
env/bin/python - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

rows = np.array([[1, np.nan, 3], [np.nan] * 3], np.float32)
nodes = [
    helper.make_node("ArgMax", ["x"], ["index"], axis=1, keepdims=0),
    helper.make_node("ReduceMax", ["x"], ["most"], axes=[1], keepdims=0),
]
value = helper.make_tensor_value_info
outputs = [value("index", TensorProto.INT64, [2]), value("most", TensorProto.FLOAT, [2])]
graph = helper.make_graph(nodes, "g", [value("x", TensorProto.FLOAT, [2, 3])], outputs)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": rows})
reference = ReferenceEvaluator(model).run(None, {"x": rows})
print("ONNX Runtime", [a.tolist() for a in runtime], "reference", [a.tolist() for a in reference])
assert runtime[0].tolist() == [2, 0] and reference[0].tolist() == [1, 0]
assert runtime[1][0] == 3 and np.isnan(runtime[1][1]) and np.isnan(reference[1]).all()
PY
echo "as described"
