"""Monitors of the data, before training. A file is named after its code, with `_` for `-`."""
