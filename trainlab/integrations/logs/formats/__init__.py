"""The formats of training logs: one class in one file, found by content."""
