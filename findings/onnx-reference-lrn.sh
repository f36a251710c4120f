#!/usr/bin/env bash
# ONNX's reference evaluator: LRN normalizes only some of the channels.
#
# Guess:     0.375, 0.353, 0.281, 0.226, 0.341 for channels of 1 to 5: x / (1 + the mean square of the channel and its neighbours).
# Behaviour: 0.375, 2, 3, 4, 5: with one row, only the first channel is normalized. ONNX Runtime follows the formula.
# Cure:      do not take the reference evaluator as the judge of a file with LRN.
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

x = np.arange(1, 6, dtype=np.float32).reshape(1, 5, 1, 1)
save("a.onnx", [helper.make_node("LRN", ["x"], ["y"], size=3, alpha=1.0, beta=1.0, bias=1.0)], x)
reference = ReferenceEvaluator("a.onnx").run(None, {"x": x})[0].ravel().round(3).tolist()
runtime = onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].ravel().round(3).tolist()
square = np.pad(x.ravel().astype(float) ** 2, 1)
formula = (x.ravel() / (1 + (square[:-2] + square[1:-1] + square[2:]) / 3)).round(3).tolist()
print("formula", formula, "ONNX Runtime", runtime, "reference", reference, sep="\n")
assert np.allclose(runtime, formula, atol=0.002)
assert reference == [0.375, 2.0, 3.0, 4.0, 5.0]
PY
echo "as described"
