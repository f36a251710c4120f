"""Strategies that choose the trials of a sweep, one a file."""
