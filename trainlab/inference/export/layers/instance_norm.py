"""instance_norm in ONNX."""

from trainlab.inference.export.layers._row_norm import lower

__all__ = ["lower"]
