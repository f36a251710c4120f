"""Distributions that the values of a sweep are drawn from, one a file."""
