"""Tools around a run: check, learning-rate range test, fix, fault benchmark."""
