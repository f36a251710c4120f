#!/usr/bin/env bash
# OpenCV dnn: log(exp(x) + c) is computed as log(exp(x) + 1), whatever c is.
#
# Guess:     Exp, Add and Log compute what they say; a rewriting to Softplus needs c = 1.
# Behaviour: the constant is not looked at: with c = 2 and x = -5 the answer is 0.007 instead of 0.697, without an error.
#            So a file whose author added another constant gives other numbers. 4.13.0 does the same.
# Cure:      log(c) + softplus(x - log(c)), or an operation in between that the pattern does not have.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==5.0.0.93
env/bin/python - <<'PY'
import cv2
import numpy as np
from onnx import checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def save(file, nodes, x, constants, shape):
    """Write the file; what the reference evaluator of ONNX makes of x."""
    x_info, y_info = (helper.make_tensor_value_info(n, 1, s) for n, s in (("x", x.shape), ("y", shape)))
    given = [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in constants.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "g", [x_info], [y_info], given),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    checker.check_model(model, full_check=True)
    open(file, "wb").write(model.SerializeToString())
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


node = helper.make_node


def opencv(file, x):
    net = cv2.dnn.readNetFromONNX(file)
    net.setInput(x)
    return net.forward()


x = np.array([[-5, 0, 1]], np.float32)
found = {}
for c in (1, 2, 100):
    nodes = [node("Exp", ["x"], ["e"]), node("Add", ["e", "c"], ["s"]), node("Log", ["s"], ["y"])]
    want = save("a.onnx", nodes, x, {"c": c}, x.shape)
    found[c] = opencv("a.onnx", x)
    print("c", c, "reference", want.round(3).tolist(), "OpenCV", found[c].round(3).tolist())
    assert np.allclose(want, np.log(np.exp(x) + c), atol=1e-5)
assert np.allclose(found[2], found[1], atol=1e-6)
assert np.allclose(found[100], found[1], atol=1e-6)
assert np.allclose(found[1], np.log(np.exp(x) + 1), atol=1e-5)
PY
echo "as described"
