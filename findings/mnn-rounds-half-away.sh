#!/usr/bin/env bash
# MNN: ONNX's Round rounds halves away from 0; ONNX defines it to round them to the even number.
#
# Guess:     0, 2, 2 for 0.5, 1.5, 2.5, as the operation's page says.
# Behaviour: 1, 2, 3. A network that quantizes its inputs by Round gets other integers than in training,
#            for every second half.
# Cure:      write Floor(x + 0.5) into the file if halves matter, so that all runtimes agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 MNN==3.6.1
env/bin/python - <<'PY'
from onnx import TensorProto, helper

value = helper.make_tensor_value_info
node = helper.make_node("Round", ["x"], ["y"])
graph = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, [1, 3])], [value("y", TensorProto.FLOAT, [1, 3])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
open("a.onnx", "wb").write(model.SerializeToString())
PY
env/bin/mnnconvert -f ONNX --modelFile a.onnx --MNNModel a.mnn > converted.txt 2>&1
env/bin/python - <<'PY'
import MNN
import numpy as np
from onnx.reference import ReferenceEvaluator

x = np.array([[0.5, 1.5, 2.5]], np.float32)
module = MNN.nn.load_module_from_file("a.mnn", ["x"], ["y"])
given = MNN.expr.placeholder([1, 3], MNN.expr.NCHW)
given.write(x)
found = module.forward([given])[0].read().ravel().tolist()
reference = ReferenceEvaluator("a.onnx").run(None, {"x": x})[0].ravel().tolist()
print("MNN", found, "reference", reference)
assert (found, reference) == ([1.0, 2.0, 3.0], [0.0, 2.0, 2.0])
PY
echo "as described"
