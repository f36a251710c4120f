#!/usr/bin/env bash
# OpenVINO, OpenCV dnn and MNN: slopes of PRelu belong to the second axis, where ONNX means the last one.
#
# Guess:     the slopes broadcast to x as ONNX says ("unidirectional"): three slopes and x (2, 3, 3, 3) mean one slope for
#            each place on the last axis.
# Behaviour: one for each place on the second axis, without an error, because the sizes agree. onnx2torch does the same;
#            ONNX Runtime, the reference evaluator, tract and tinygrad do what ONNX says. OpenCV does it for slopes
#            (1, 1, 1, 3), too, which leave no doubt.
# Cure:      max(x, 0) + slope * min(x, 0); for OpenVINO and MNN slopes of as many axes as x.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==5.0.0.93 \
    openvino==2026.4.1 MNN==3.6.1
env/bin/python - <<'PY'
import numpy as np
from onnx import checker, helper, numpy_helper

slopes = np.array([0.25, 0.5, 1], np.float32)
for name, shape in (("flat", (3,)), ("full", (1, 1, 1, 3))):
    x, y = (helper.make_tensor_value_info(n, 1, (2, 3, 3, 3)) for n in "xy")
    given = [numpy_helper.from_array(slopes.reshape(shape), "slopes")]
    graph = helper.make_graph([helper.make_node("PRelu", ["x", "slopes"], ["y"])], "g", [x], [y], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    open(name + ".onnx", "wb").write(model.SerializeToString())
PY
for name in flat full; do
    env/bin/python -c 'import sys, MNN, _tools; _tools.mnnconvert(sys.argv)' \
        -f ONNX --modelFile $name.onnx --MNNModel $name.mnn > converted.txt 2>&1
done
env/bin/python - <<'PY'
import cv2
import MNN
import numpy as np
import openvino
from onnx.reference import ReferenceEvaluator

x = -np.ones((2, 3, 3, 3), np.float32)
slopes = np.array([0.25, 0.5, 1], np.float32)


def mnn(name):
    module = MNN.nn.load_module_from_file(name + ".mnn", ["x"], ["y"])
    given = MNN.expr.placeholder(list(x.shape), MNN.expr.NCHW)
    given.write(x)
    return MNN.expr.convert(module.forward([given])[0], MNN.expr.NCHW).read()


def opencv(name):
    net = cv2.dnn.readNetFromONNX(name + ".onnx")
    net.setInput(x)
    return net.forward()


def vino(name):
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(name + ".onnx", "CPU", hint)({"x": x})[0]


def reference(name):
    return ReferenceEvaluator(name + ".onnx").run(None, {"x": x})[0]


def axis(y):
    """The axis along which the slopes lie."""
    return next(i for i in (1, 2, 3) if np.array_equal(y, -np.ones_like(x) * slopes.reshape([3 if i == k else 1 for k in range(4)])))


found = {f.__name__: [axis(np.reshape(f(name), x.shape)) for name in ("flat", "full")] for f in (reference, vino, opencv, mnn)}
for name, axes in found.items():
    print(f"{name:<10} slopes (3,): axis {axes[0]}   slopes (1, 1, 1, 3): axis {axes[1]}")
assert found == {"reference": [3, 3], "vino": [1, 3], "opencv": [1, 1], "mnn": [1, 3]}
PY
echo "as described"
