"""The kernels of optimizers, one file each: `optimizers/NAME.py` holds `kernel` of the optimizer called NAME."""
