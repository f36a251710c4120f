#!/usr/bin/env bash
# ONNX's reference evaluator: LpNormalization with p=1 divides by the sum, not by the sum of absolute values.
#
# Guess:     1, -2, 3 becomes 1/6, -1/3, 1/2: its L1 norm is 6.
# Behaviour: 1/2, -1, 3/2: it divides by 1 - 2 + 3. ONNX Runtime divides by 6.
# Cure:      write ReduceSum of Abs and Div if the reference evaluator has to run the file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 onnxruntime==1.32.0
env/bin/python - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def save(file, nodes, x, constants=(), shape=None, opset=17):
    value = helper.make_tensor_value_info
    given = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants]
    graph = helper.make_graph(nodes, "g", [value("x", 1, x.shape)], [value("y", 1, shape or x.shape)], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    open(file, "wb").write(model.SerializeToString())


import onnxruntime
from onnx.reference import ReferenceEvaluator

x = np.array([[1, -2, 3]], np.float32)
save("a.onnx", [helper.make_node("LpNormalization", ["x"], ["y"], p=1, axis=1)], x)
reference = ReferenceEvaluator("a.onnx").run(None, {"x": x})[0].ravel().round(3).tolist()
runtime = onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].ravel().round(3).tolist()
print("ONNX Runtime", runtime, "reference", reference)
assert np.allclose(runtime, [1 / 6, -1 / 3, 1 / 2], atol=0.002)
assert reference == [0.5, -1.0, 1.5]
PY
echo "as described"
