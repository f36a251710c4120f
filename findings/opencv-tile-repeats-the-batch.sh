#!/usr/bin/env bash
# OpenCV dnn 4: Tile along a middle axis repeats the whole array.
#
# Guess:     repeats [1, 2, 1] of an array (2, 3, 4) repeats the three rows of each batch entry.
# Behaviour: the shape is right, (2, 6, 4), but the numbers are those of the array written twice: the first entry holds
#            both entries of x, and so does the second. With one entry in the batch nothing is seen. 5.0.0 is right.
# Cure:      Concat of x with itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==4.13.0.92
env/bin/python - <<'PY'
import cv2
import numpy as np
from onnx import checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def save(file, nodes, x, constants, shape):
    """Write the file; what the reference evaluator of ONNX makes of x."""
    x_info, y_info = (helper.make_tensor_value_info(n, 1, s) for n, s in (("x", x.shape), ("y", shape)))
    given = [numpy_helper.from_array(v, k) for k, v in constants.items()]
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


x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
want = save("a.onnx", [node("Tile", ["x", "repeats"], ["y"])], x, {"repeats": np.array([1, 2, 1])}, (2, 6, 4))
got = opencv("a.onnx", x)
print("reference", want[0, :, 0].tolist(), "OpenCV", got[0, :, 0].tolist())
assert np.array_equal(want, np.tile(x, (1, 2, 1)))
assert got.shape == want.shape
assert np.array_equal(got.ravel(), np.tile(x.ravel(), 2))
PY
echo "as described"
