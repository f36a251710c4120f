"""member_input in ONNX."""

from trainlab.inference.export.layers.dense import lower

__all__ = ["lower"]
