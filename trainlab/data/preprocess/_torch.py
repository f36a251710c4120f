"""Modules of PyTorch that several preprocessors are."""

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array

SHIFT = '''class Shift(nn.Module):
    """(x - offset) / width."""

    def __init__(self, shape):
        super().__init__()
        self.register_buffer("offset", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("width", torch.ones(shape, dtype=torch.float64))

    def forward(self, x):
        return (x - self.offset) / self.width
'''

ROTATE = '''class Rotate(nn.Module):
    """(x - mean) times a matrix, for rows as vectors."""

    def __init__(self, inputs, outputs, shape):
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.zeros(inputs, dtype=torch.float64))
        self.register_buffer("matrix", torch.zeros(inputs, outputs, dtype=torch.float64))

    def forward(self, x):
        return ((x.flatten(1) - self.mean) @ self.matrix).unflatten(1, self.shape)
'''


def shift(offset: Array, width: Array) -> TorchCode:
    """(x - offset) / width."""
    offset, width = (a.copy() for a in np.broadcast_arrays(offset, width))
    return TorchCode(f"Shift({offset.shape})", {"offset": offset, "width": width}, {"Shift": SHIFT})


def rotate(mean: Array, matrix: Array, shape: tuple[int, ...]) -> TorchCode:
    """(x - mean) matrix, in this shape."""
    made = f"Rotate({matrix.shape[0]}, {matrix.shape[1]}, {shape})"
    return TorchCode(made, {"mean": mean.ravel(), "matrix": matrix}, {"Rotate": ROTATE})
