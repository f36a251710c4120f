"""Monitors that look at the data, before anything is trained. A file is named after its code, with `_` for `-`."""
