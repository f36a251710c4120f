"""Watching training loops that are not ours: the same monitors, the same run folder, a few lines in the loop."""
