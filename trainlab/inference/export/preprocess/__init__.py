"""Preprocessors as ONNX operations: one file a preprocessor, named like the preprocessor."""
