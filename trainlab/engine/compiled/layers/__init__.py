"""The kernels of layers, one file each: `layers/NAME.py` holds `lower` of the layer that a config calls NAME."""
