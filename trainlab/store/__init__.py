"""The run-folder format: how a run is written, kept and read back. It knows files, not networks."""
