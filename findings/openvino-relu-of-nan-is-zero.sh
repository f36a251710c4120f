#!/usr/bin/env bash
# OpenVINO: relu(NaN) is 0, so a row with a missing value gets a prediction like any other.
#
# Guess:     NaN, as in NumPy, PyTorch and ONNX Runtime: whoever looks at the output sees that something was missing.
# Behaviour: max(x, 0) is computed so that NaN loses. The first hidden layer turns the missing value into a
#            plausible number; no output is NaN.
# Cure:      check the inputs for NaN; an output without NaN proves nothing. (tract 0.23.9, MNN 3.6.1 and
#            tinygrad 0.14.0 do the same.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 onnxruntime==1.32.0 openvino==2026.4.1
env/bin/python - <<'PY'
from onnx import TensorProto, helper

value = helper.make_tensor_value_info
node = helper.make_node("Relu", ["x"], ["y"])
graph = helper.make_graph([node], "g", [value("x", TensorProto.FLOAT, [1, 3])], [value("y", TensorProto.FLOAT, [1, 3])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
open("a.onnx", "wb").write(model.SerializeToString())
PY
env/bin/python - <<'PY'
import numpy as np
import onnxruntime
import openvino

x = np.array([[float("nan"), -1.0, 1.0]], np.float32)
compiled = openvino.Core().compile_model("a.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
found = compiled({"x": x})[0].ravel().tolist()
runtime = onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].ravel().tolist()
print("OpenVINO", found, "ONNX Runtime", runtime)
assert found == [0.0, 0.0, 1.0]
assert np.isnan(runtime[0]) and runtime[1:] == [0.0, 1.0]
PY
echo "as described"
