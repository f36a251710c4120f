"""Monitors of the finished run. A file is named after its code, with `_` for `-`."""
