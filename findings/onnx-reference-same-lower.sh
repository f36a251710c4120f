#!/usr/bin/env bash
# ONNX's reference evaluator and ONNX's own shape inference disagree about MaxPool with auto_pad=SAME_LOWER.
#
# Guess:     5 x 5 pixels, windows of 2, steps of 2: 3 x 3, as "same" means ceil(5 / 2).
# Behaviour: shape inference (and ONNX Runtime) say 3 x 3, the reference evaluator gives 2 x 2.
# Cure:      write `pads` as numbers; auto_pad has been deprecated for years.
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


import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_LOWER")
save("a.onnx", [node], x, shape=["a", "b", "c", "d"])
shape = onnx.shape_inference.infer_shapes(onnx.load("a.onnx")).graph.output[0].type.tensor_type.shape
inferred = [d.dim_value for d in shape.dim]
reference = list(ReferenceEvaluator("a.onnx").run(None, {"x": x})[0].shape)
runtime = list(onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0].shape)
print("inferred", inferred, "ONNX Runtime", runtime, "reference", reference)
assert runtime == [1, 1, 3, 3]
assert inferred[2:] in ([3, 3], [0, 0])
assert reference == [1, 1, 2, 2]
PY
echo "as described"
