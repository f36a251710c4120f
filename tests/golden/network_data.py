"""The rows, targets and starting weights of networks.json, drawn with NumPy alone: for torch and for trainlab.

Every array is drawn from a generator seeded with the network's name and its own, in trainlab's layout: images (rows,
height, width, channels), dense weights (inputs, units), filters (height, width, channels, filters). make_networks.py
turns them round for torch, which keeps channels first and outputs before inputs.
"""

from zlib import crc32

import numpy as np

ROWS, CLASSES = 72, 4  # batches of 16: the last one of an epoch has 8 rows
BATCH, STEPS = 16, 50


def generator(*names: str) -> np.random.Generator:
    return np.random.default_rng([crc32(name.encode()) for name in names])


def rows(network: str, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """x (rows, *shape), and the class that a random linear map of x says."""
    rng = generator(network, "rows")
    x = rng.normal(size=(ROWS, *shape))
    return x, (x.reshape(ROWS, -1) @ rng.normal(size=(int(np.prod(shape)), CLASSES))).argmax(axis=1)


def start(network: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The param `name`, such as `dense1.W`: weights as He et al. would, scales near 1, biases and shifts near 0."""
    drawn = generator(network, name).normal(size=shape)
    key = name.rpartition(".")[2]
    if key == "W":
        return drawn * np.sqrt(2 / np.prod(shape[:-1]))
    return 1 + 0.1 * drawn if key == "scale" else 0.1 * drawn
