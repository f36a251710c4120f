#!/usr/bin/env bash
# tract and MNN: a NaN before a sigmoid becomes a sure answer, no in one and yes in the other.
#
# Guess:     NaN: who reads the probability sees that something went wrong.
# Behaviour: tract 0.0000004, MNN 1. tanh likewise: about -1 and 1.
# Cure:      check the inputs for NaN before they go in.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 tract==0.23.9 MNN==3.6.1
env/bin/python - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def save(file, nodes, x, constants=(), shape=None, opset=17):
    value = helper.make_tensor_value_info
    given = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants]
    graph = helper.make_graph(nodes, "g", [value("x", 1, x.shape)], [value("y", 1, shape or x.shape)], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    open(file, "wb").write(model.SerializeToString())


x = np.array([[np.nan, 1]], np.float32)
for op in ("Sigmoid", "Tanh"):
    save(op + ".onnx", [helper.make_node(op, ["x"], ["y"])], x)
PY
for op in Sigmoid Tanh; do
    env/bin/mnnconvert -f ONNX --modelFile $op.onnx --MNNModel $op.mnn > converted.txt 2>&1
done
env/bin/python - <<'PY'
import MNN
import numpy as np
import tract

x = np.array([[np.nan, 1]], np.float32)
found = {}
for op in ("Sigmoid", "Tanh"):
    model = tract.onnx().load(op + ".onnx")
    model.set_input_fact(0, "1,2,f32")
    found["tract", op] = model.into_model().into_runnable().run([x])[0].to_numpy().ravel().tolist()
    module = MNN.nn.load_module_from_file(op + ".mnn", ["x"], ["y"])
    given = MNN.expr.placeholder([1, 2], MNN.expr.NCHW)
    given.write(x)
    found["MNN", op] = np.ravel(module.forward([given])[0].read()).tolist()
for key, value in found.items():
    print(*key, value)
assert 0 <= found["tract", "Sigmoid"][0] < 1e-6
assert found["MNN", "Sigmoid"][0] > 0.999999
assert found["tract", "Tanh"][0] < -0.999 and found["MNN", "Tanh"][0] > 0.999
PY
echo "as described"
