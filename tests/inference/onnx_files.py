"""ONNX files in tests: what onnxruntime makes of them, and which operations all runtimes run."""

import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra `onnx`")
runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")

UNLIKE = {"CumSum", "Gelu", "LayerNormalization", "LpNormalization", "LRN", "ReduceL1", "ReduceLogSumExp", "Softplus"}
"""Operations that some runtime computes otherwise than the others (findings/)."""
UNREADABLE = {"TopK"}  # OpenCV 4 does not load it


def only_what_all_run(model) -> None:
    """Asserts that no operation is one that some runtime has wrong, or not at all."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    assert not (UNLIKE | UNREADABLE) & {n.op_type for n in graph.node}
    types = {v.name: v.type.tensor_type for v in (*graph.input, *graph.value_info)}
    rank = {name: len(t.shape.dim) for name, t in types.items()} | {a.name: len(a.dims) for a in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMul":  # OpenCV repeats no stack of matrices for further axes on the left
            left, right = (rank[name] for name in node.input)
            assert right in (2, left)
        if node.op_type == "PRelu":  # OpenCV, OpenVINO, MNN and onnx2torch take its slopes for those of the second axis
            assert rank[node.input[0]] == 2
        if node.op_type == "AveragePool":  # onnx2torch takes no odd border
            pads = next((list(a.ints) for a in node.attribute if a.name == "pads"), [0, 0, 0, 0])
            assert pads[:2] == pads[2:]
        if node.op_type == "Cast":  # of truth values makes something else than int64 in tract
            assert types[node.input[0]].elem_type != onnx.TensorProto.BOOL or node.attribute[0].i == 1
    tanh = [n for n in graph.node if n.op_type == "Tanh"]
    after = [n for n in graph.node if n.op_type == "Add" and {t.output[0] for t in tanh} & set(n.input)]
    assert not after  # OpenCV crashes on the usual spelling of gelu with tanh


def run(model, x):
    """What onnxruntime makes of rows x."""
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, {"x": x}), strict=True))
