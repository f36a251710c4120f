#!/usr/bin/env bash
# OpenCV dnn 5: MatMul, then Add of a column: the column is added as a row.
#
# Guess:     b of (3, 1) is added to each column of a (3, 3) product, as broadcasting says.
# Behaviour: OpenCV takes b for the bias of the MatMul, one number for each output column: it adds the transposed b,
#            without an error. With 4 columns, where b does not fit as a bias, the answer is right. 4.13.0 is right.
# Cure:      none in the file for square products but another operation between the two.
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


x, b = np.zeros((3, 3), np.float32), np.array([[10], [20], [30]])
nodes = [node("MatMul", ["x", "w"], ["p"]), node("Add", ["p", "b"], ["y"])]
want = save("square.onnx", nodes, x, {"w": np.ones((3, 3)), "b": b}, (3, 3))
got = opencv("square.onnx", x)
print("reference", want.tolist(), "OpenCV", got.tolist(), sep="\n")
assert np.array_equal(want, np.broadcast_to(b, (3, 3)))
assert np.array_equal(got, np.broadcast_to(b.T, (3, 3)))
want = save("wide.onnx", nodes, x, {"w": np.ones((3, 4)), "b": b}, (3, 4))
assert np.array_equal(opencv("wide.onnx", x), want)
PY
echo "as described"
