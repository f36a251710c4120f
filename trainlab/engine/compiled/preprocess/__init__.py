"""The kernels of preprocessors that widen rows: `preprocess/NAME.py` holds `lower` of the one called NAME."""
