#!/usr/bin/env bash
# OpenCV 4: whether a file is loaded depends on whether its batch dimension has a name.
#
# Guess:     a name says nothing to a runtime. Of the message, at a Concat: that a Concat is not supported there.
# Behaviour: the rows of an input (n, 4) called "rows" (as torch.onnx.export calls the dynamic axes): "Incorrect size of
#            input array" at a Concat of x and x - 1. Without a name, or with a number, the same file gives right answers.
#            OpenCV 5 reads all three.
# Cure:      fix the number of rows, or take the name away: model.graph.input[0].type.tensor_type.shape.dim[0].Clear().
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

x = np.arange(12, dtype=np.float32).reshape(3, 4)
found = {}
for rows in ("rows", None, 3):
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Sub", ["x", "one"], ["less"]), helper.make_node("Concat", ["x", "less"], ["y"], axis=1)]
    one = numpy_helper.from_array(np.float32(1), "one")
    graph = helper.make_graph(nodes, "g", [value("x", 1, [rows, 4])], [value("y", 1, [rows, 8])], [one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    try:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
        net.setInput(x, "x")
        found[rows] = "right" if np.array_equal(net.forward(), np.hstack([x, x - 1])) else "wrong"
    except cv2.error as error:
        found[rows] = "Incorrect size" if "Incorrect size of input array" in str(error) else str(error)
print(cv2.__version__, found)
named = "Incorrect size" if cv2.__version__.startswith("4.") else "right"
assert found == {"rows": named, None: "right", 3: "right"}
PY
for version in 4.13.0.92 5.0.0.93; do "env-$version/bin/python" seen.py 2> /dev/null; done
echo "as described"
