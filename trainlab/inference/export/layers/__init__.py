"""Layers as ONNX operations, in evaluation mode: one file a layer, named like the layer."""
