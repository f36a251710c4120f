"""Inits, one file each."""
