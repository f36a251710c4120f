"""Monitors of the untrained network. A file is named after its code, with `_` for `-`."""
