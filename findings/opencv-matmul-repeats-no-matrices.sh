#!/usr/bin/env bash
# OpenCV: MatMul of (rows, 2, 1, 3) with a stack of two matrices (2, 3, 4) uses the first one for both, without an error.
#
# Guess:     the stack is repeated for the rows, as by numpy.matmul and ONNX's definition; or the file is refused.
# Behaviour: every second product is wrong, in OpenCV 4.13 and in 5.0. (rows, 2, 1, 3) with (1, 2, 3, 4) is wrong, too;
#            (2, rows, 3) with (2, 3, 4) is right.
# Cure:      Transpose, so that the axis of the stack comes first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for version in 4.13.0.92 5.0.0.93; do
    python3 -m venv "env-$version"
    "env-$version/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 "opencv-python-headless==$version"
done
cat > seen.py <<'PY'
import cv2
import numpy as np
from onnx import checker, helper, numpy_helper

rng = np.random.default_rng(0)
found = {}
for a, b in (((5, 2, 1, 3), (2, 3, 4)), ((5, 2, 1, 3), (1, 2, 3, 4)), ((2, 5, 3), (2, 3, 4))):
    x, w = (rng.normal(size=shape).astype(np.float32) for shape in (a, b))
    want = np.matmul(x, w)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
        [value("x", 1, a)], [value("y", 1, want.shape)], [numpy_helper.from_array(w, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(x, "x")
    got = net.forward().reshape(want.shape)
    found[a, b] = np.isclose(got, want, atol=1e-5).all(axis=tuple(range(2, want.ndim))).tolist()
    print(cv2.__version__, a, "x", b, "right:", found[a, b])
first, second, third = found.values()
assert first == second == [[True, False]] * 5, found
assert third == [[True] * 5] * 2
PY
for version in 4.13.0.92 5.0.0.93; do "env-$version/bin/python" seen.py 2> /dev/null; done
echo "as described"
