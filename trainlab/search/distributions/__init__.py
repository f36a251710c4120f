"""Distributions that the values of a sweep are drawn from, one per file."""
