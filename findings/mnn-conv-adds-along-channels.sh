#!/usr/bin/env bash
# MNN: Conv, then Add of a vector: it is added along the channels, where ONNX means the last axis.
#
# Guess:     three numbers added to y of (1, 3, 3, 3) broadcast to the last axis, the columns of the image.
# Behaviour: the converter takes them for the bias of the Conv, one for each channel, without an error. The same Add after
#            another operation is right. Numbers of (1, 1, 1, 3), which leave no doubt, are taken so, too.
# Cure:      an operation in between, such as a Transpose and its inverse, that the pattern does not have.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 MNN==3.6.1
env/bin/python - <<'PY'
import subprocess
import sys

import MNN
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


def mnn(file, x):
    """What MNN makes of x, after its converter (which installs a package if it is started as a command)."""
    convert = "import sys, MNN, _tools; _tools.mnnconvert(sys.argv)"
    names = ["-f", "ONNX", "--modelFile", file, "--MNNModel", file + ".mnn"]
    subprocess.run([sys.executable, "-c", convert, *names], check=True, capture_output=True)
    module = MNN.nn.load_module_from_file(file + ".mnn", ["x"], ["y"])
    given = MNN.expr.placeholder(list(x.shape), MNN.expr.NCHW)
    given.write(x)
    return MNN.expr.convert(module.forward([given])[0], MNN.expr.NCHW).read()


x, w = np.zeros((1, 2, 3, 3), np.float32), np.ones((3, 2, 1, 1))
b = np.array([1, 2, 3])
found = {}
for name, first, shape in (("after Conv", "Conv", (3,)), ("after Conv, full", "Conv", (1, 1, 1, 3)), ("after Relu", "Relu", (3,))):
    given = x if first == "Conv" else np.zeros((1, 3, 3, 3), np.float32)
    nodes = [node(first, ["x", "w"] if first == "Conv" else ["x"], ["p"]), node("Add", ["p", "b"], ["y"])]
    want = save("a.onnx", nodes, given, {"w": w, "b": b.reshape(shape)}, (1, 3, 3, 3))
    got = mnn("a.onnx", given)
    assert np.array_equal(want, np.broadcast_to(b, (1, 3, 3, 3)))
    found[name] = "columns" if np.array_equal(got, want) else "channels" if np.array_equal(got, want.transpose(0, 3, 1, 2)) else "?"
    print(f"{name:<17} added along the {found[name]}")
assert found == {"after Conv": "channels", "after Conv, full": "channels", "after Relu": "columns"}
PY
echo "as described"
