"""Monitors of the run while it trains. A file is named after its code, with `_` for `-`."""
