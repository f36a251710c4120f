#!/usr/bin/env bash
# ONNX Runtime: the mean of no numbers is 0, where ONNX's reference evaluator and NumPy say NaN.
#
# Guess:     nan, or an error.
# Behaviour: ReduceMean over an axis of length 0 gives 0.0 without a word. Pooling over a sequence that a mask or a slice
#            has emptied looks like a vector of zeros, which a network takes for an input.
# Cure:      check lengths before the mean.
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

value = helper.make_tensor_value_info
node = helper.make_node("ReduceMean", ["x"], ["y"], axes=[1], keepdims=0)
graph = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, [2, None])], [value("y", TensorProto.FLOAT, [2])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
empty = {"x": np.zeros((2, 0), np.float32)}
runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, empty)[0]
reference = ReferenceEvaluator(model).run(None, empty)[0]
print("ONNX Runtime", runtime.tolist(), "reference", reference.tolist())
assert runtime.tolist() == [0.0, 0.0] and np.isnan(reference).all()
PY
echo "as described"
