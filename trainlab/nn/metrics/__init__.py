"""The metrics, one class a file."""
