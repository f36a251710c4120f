#!/usr/bin/env bash
# tract: an output has the name of the node that computes it, not the name that the file gives the output.
#
# Guess:     `y`, the name in graph.output, by which every other runtime offers it.
# Behaviour: `last`, the optional name of the node. A program that picks outputs by name finds none; two
#            exporters that name the same outputs give different names in tract.
# Cure:      give the last node the name of its output, or pick by position.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 onnxruntime==1.32.0 tract==0.23.9
env/bin/python - <<'PY'
from onnx import TensorProto, helper

value = helper.make_tensor_value_info
node = helper.make_node("Relu", ["x"], ["y"], name="last")
graph = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, [1, 3])], [value("y", TensorProto.FLOAT, [1, 3])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
open("a.onnx", "wb").write(model.SerializeToString())
PY
env/bin/python - <<'PY'
import numpy as np
import onnxruntime
import tract

model = tract.onnx().load("a.onnx")
session = onnxruntime.InferenceSession("a.onnx")
print("tract", model.output_name(0), "ONNX Runtime", session.get_outputs()[0].name)
assert (model.output_name(0), session.get_outputs()[0].name) == ("last", "y")
PY
echo "as described"
