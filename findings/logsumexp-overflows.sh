#!/usr/bin/env bash
# OpenCV, tract, tinygrad and MNN: ReduceLogSumExp of 100 and 100 is not 100.69.
#
# Guess:     100.69: the operation exists because log(sum(exp x)) overflows if it is computed as it is written.
# Behaviour: infinity in OpenCV, tract and tinygrad, 87.69 in MNN (exp is cut at 87). ONNX Runtime and OpenVINO subtract the
#            largest value first.
# Cure:      ReduceMax, Sub, ReduceLogSumExp, Add; or LogSoftmax, which all of them compute with the largest subtracted.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 opencv-python-headless==5.0.0.93 tract==0.23.9 tinygrad==0.14.0 MNN==3.6.1 onnxruntime==1.32.0
env/bin/python - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def save(file, nodes, x, constants=(), shape=None, opset=17):
    value = helper.make_tensor_value_info
    given = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants]
    graph = helper.make_graph(nodes, "g", [value("x", 1, x.shape)], [value("y", 1, shape or x.shape)], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    open(file, "wb").write(model.SerializeToString())


x = np.array([[100, 100, 1]], np.float32)
save("a.onnx", [helper.make_node("ReduceLogSumExp", ["x"], ["y"], axes=[1], keepdims=1)], x, shape=(1, 1))
PY
env/bin/mnnconvert -f ONNX --modelFile a.onnx --MNNModel a.mnn > converted.txt 2>&1
env/bin/python - <<'PY'
import os
from pathlib import Path

os.environ["DEV"] = "PYTHON"  # tinygrad's device CPU needs clang
import cv2
import MNN
import numpy as np
import onnxruntime
import tinygrad
import tract
from tinygrad.nn.onnx import OnnxRunner

x = np.array([[100, 100, 1]], np.float32)
found = {"ONNX Runtime": onnxruntime.InferenceSession("a.onnx").run(None, {"x": x})[0]}
net = cv2.dnn.readNetFromONNX("a.onnx")
net.setInput(x)
found["OpenCV"] = net.forward()
model = tract.onnx().load("a.onnx")
model.set_input_fact(0, "1,3,f32")
found["tract"] = model.into_model().into_runnable().run([x])[0].to_numpy()
found["tinygrad"] = OnnxRunner(Path("a.onnx"))({"x": tinygrad.Tensor(x)})["y"].numpy()
module = MNN.nn.load_module_from_file("a.mnn", ["x"], ["y"])
given = MNN.expr.placeholder([1, 3], MNN.expr.NCHW)
given.write(x)
found["MNN"] = module.forward([given])[0].read()
found = {who: round(float(np.ravel(value)[0]), 2) for who, value in found.items()}
print(found)
assert found["ONNX Runtime"] == 100.69
assert found["OpenCV"] == found["tract"] == found["tinygrad"] == float("inf")
assert found["MNN"] < 90
PY
echo "as described"
