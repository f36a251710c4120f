#!/usr/bin/env bash
# MNN: Sum, Max and Mean of three arrays of different shapes contain numbers from elsewhere in memory.
#
# Guess:     all inputs are broadcast, as ONNX says since opset 8.
# Behaviour: without an error, the result has values such as 1e+30 or NaN, other ones at each run: the smaller arrays are
#            read beyond their end. Two Adds of two arrays each are right.
# Cure:      write operations of two inputs.
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


x = np.zeros((2, 3, 4), np.float32)
given = {"p": np.full((3, 1), 1.0), "q": np.full(4, 2.0)}
for op, whole in (("Sum", 3), ("Max", 2), ("Mean", 1)):
    want = save("three.onnx", [node(op, ["x", "p", "q"], ["y"])], x, given, x.shape)
    got = mnn("three.onnx", x)
    print(f"{op:<5} wanted {whole} everywhere; MNN gives {np.unique(got)[:6].tolist()} ...")
    assert np.array_equal(want, np.full(x.shape, whole))
    assert not np.allclose(got, want, atol=1e-3)
pairs = [node("Add", ["x", "p"], ["s"]), node("Add", ["s", "q"], ["y"])]
want = save("pairs.onnx", pairs, x, given, x.shape)
assert np.array_equal(mnn("pairs.onnx", x), want)
PY
echo "as described"
