"""The trackers, one class a file."""
