"""The compiled backend: lowers a network and its training config to a flat array of ops (C kernels with their
arguments), which one call runs for many steps.
"""
