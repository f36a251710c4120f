"""ONNX Runtime 1.32.0."""
# pip: onnxruntime==1.32.0

import onnxruntime


def run(file, x, names):
    """Outputs by name."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, {"x": x}), strict=True))
