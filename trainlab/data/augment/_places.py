"""What the augmentations that move or blank parts of a row share: shapes, lengths, and moving by whole places."""

from typing import Literal

import numpy as np

from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Shape

Outside = Literal["zero", "edge", "reflect", "wrap"]


def need_images(name: str, shape: Shape) -> None:
    """Raises ShapeError unless rows are images."""
    if len(shape) != 3:
        raise ShapeError(f"{name} takes images (height, width, channels), not rows of shape {shape}")


def sides(shape: Shape) -> Shape:
    """The axes along which neighbours lie: (height, width) of an image, (features,) of a row.

    >>> sides((32, 24, 3)), sides((40,))
    ((32, 24), (40,))
    """
    return shape[:2] if len(shape) == 3 else shape


def in_places(length: float, side: int) -> int:
    """A length in pixels: below 1 it is a share of the side, rounded.

    >>> in_places(0.25, 8), in_places(3, 8)
    (2, 3)
    """
    return round(length * side) if length < 1 else int(length)


def move(x: Array, by: list[Array], outside: Outside) -> None:
    """Move each row of x in place along its sides; by[side][row] is how far its window goes to the right or down.

    `outside` determines the values beyond the edge of the row.
    """
    n = len(x)
    index: list[Array] = [np.arange(n).reshape(-1, *(1,) * len(by))]
    inside: list[Array] = []
    for axis, offsets in enumerate(by):
        side: int = x.shape[axis + 1]
        places = offsets[:, None] + np.arange(side)
        shown = _shown(places, side, outside)
        spread = (n, *(side if a == axis else 1 for a in range(len(by))))
        index.append(shown.reshape(spread))
        inside.append((places == shown).reshape(spread))
    moved = x[tuple(index)]
    if outside == "zero":
        for own in inside:
            moved *= own.reshape(*own.shape, *(1,) * (x.ndim - own.ndim))
    x[...] = moved


def _shown(places: Array, side: int, outside: Outside) -> Array:
    """The place from 0 to side - 1 that is shown at each place."""
    if outside == "wrap":
        return places % side
    if outside == "reflect":  # 2 1 | 0 1 2 3 | 2 1: the edge itself is not repeated
        return side - 1 - np.abs(side - 1 - np.abs(places))
    return np.clip(places, 0, side - 1)
