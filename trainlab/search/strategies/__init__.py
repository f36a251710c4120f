"""Strategies that choose the trials of a sweep, one per file."""
