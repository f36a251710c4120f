#!/usr/bin/env bash
# tinygrad: x / x is 1 also where x is 0.
#
# Guess:     NaN, as IEEE 754 says and as every other runtime answers.
# Behaviour: the expression is simplified before it is computed: 0 / 0 is 1.0. A normalization by a norm, a
#            mean or a count that is 0 goes unnoticed where it is divided by itself.
# Cure:      look for zero divisors before dividing; do not wait for a NaN.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 tinygrad==0.14.0
env/bin/python - <<'PY'
from onnx import TensorProto, helper

value = helper.make_tensor_value_info
node = helper.make_node("Div", ["x", "x"], ["y"])
graph = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, [1, 3])], [value("y", TensorProto.FLOAT, [1, 3])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
open("a.onnx", "wb").write(model.SerializeToString())
PY
DEV=PYTHON env/bin/python - <<'PY'
from pathlib import Path

import numpy as np
from tinygrad import Tensor
from tinygrad.nn.onnx import OnnxRunner

found = OnnxRunner(Path("a.onnx"))({"x": Tensor(np.array([[0.0, 1.0, 2.0]], np.float32))})["y"].numpy().ravel().tolist()
print("tinygrad", found)
assert found == [1.0, 1.0, 1.0]
PY
echo "as described"
