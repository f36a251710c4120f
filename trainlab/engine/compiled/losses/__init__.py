"""The kernels of losses, one file each: `losses/NAME.py` holds `lower` of the loss that a config calls NAME."""
