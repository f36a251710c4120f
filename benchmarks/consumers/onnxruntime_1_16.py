"""ONNX Runtime 1.16.3 (2023)."""
# pip: onnxruntime==1.16.3 numpy<2

import onnxruntime


def run(file, x, names):
    """Outputs by name."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, {"x": x}), strict=True))
