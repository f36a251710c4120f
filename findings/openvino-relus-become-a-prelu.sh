#!/usr/bin/env bash
# OpenVINO: relu(x) - slope * relu(-x), in plain operations, takes the slope of another axis.
#
# Guess:     Relu, Neg, Relu, Mul and Sub compute what they say; Mul broadcasts slopes (3,) to the last axis.
# Behaviour: OpenVINO recognizes the pattern and replaces it by its own PRelu, whose slopes belong to the second axis. x of
#            (2, 3, 3, 3) gives other numbers, without an error. The product alone is right: it is the same operation on
#            the same inputs as the one in the pattern. Where the sizes differ, the pattern is left as it is.
# Cure:      max(x, 0) + slope * min(x, 0), or slopes of as many axes as x.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 openvino==2026.4.1
env/bin/python - <<'PY'
import numpy as np
import openvino
from onnx import checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

node = helper.make_node
below = [node("Neg", ["x"], ["n"]), node("Relu", ["n"], ["q"]), node("Mul", ["q", "slope"], ["r"])]
PATTERN = [node("Relu", ["x"], ["p"]), *below, node("Sub", ["p", "r"], ["y"])]
ALONE = [*below, node("Identity", ["r"], ["y"])]
MAXIMA = [
    node("Max", ["x", "zero"], ["p"]),
    node("Min", ["x", "zero"], ["q"]),
    node("Mul", ["q", "slope"], ["r"]),
    node("Add", ["p", "r"], ["y"]),
]


def gap(nodes, shape, slope):
    """How far OpenVINO is from the reference evaluator."""
    x, y = (helper.make_tensor_value_info(n, 1, shape) for n in "xy")
    given = [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in (("slope", slope), ("zero", 0))]
    graph = helper.make_graph(nodes, "g", [x], [y], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    content, rows = model.SerializeToString(), np.random.default_rng(0).normal(size=shape).astype(np.float32)
    core = openvino.Core()
    net = core.compile_model(core.read_model(content, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return float(np.abs(net({"x": rows})[0] - ReferenceEvaluator(model).run(None, {"x": rows})[0]).max())


slope = np.array([0.1, 0.5, 0.9])
same, other = (2, 3, 3, 3), (2, 4, 4, 3)
print("relu(x) - slope relu(-x):", gap(PATTERN, same, slope))
print("slope relu(-x) alone:    ", gap(ALONE, same, slope))
print("x of another size:       ", gap(PATTERN, other, slope))
print("slope (1, 1, 1, 3):      ", gap(PATTERN, same, slope.reshape(1, 1, 1, 3)))
print("max and min:             ", gap(MAXIMA, same, slope))
assert gap(PATTERN, same, slope) > 0.1
assert max(gap(ALONE, same, slope), gap(PATTERN, other, slope), gap(MAXIMA, same, slope)) < 1e-6
assert gap(PATTERN, same, slope.reshape(1, 1, 1, 3)) < 1e-6
PY
echo "as described"
