"""Shift: images and signals moved by a few places."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Shape
from trainlab.data.augment._places import in_places, move, sides
from trainlab.data.augmentation import Augmentation


class Shift(Augmentation, name="shift"):
    """Each row is moved by a random number of places, at most `by`: images both ways, rows of numbers along the row.

    For rows whose numbers are neighbours, such as a signal over time; columns of a table are not.

    Source: Simard et al. 2003; LeCun et al. 1998, section III (translations of digits).
    """

    by: float = setting(0.1, "farthest move: below 1 a share of the side, else places", gt=0)
    fill: Literal["zero", "edge", "wrap"] = setting(
        "zero", "what moves in: zeros, the outermost value repeated, or what has moved out at the other side"
    )

    def check(self, shape: Shape) -> None:
        """Anything that is longer than the move."""
        for side in sides(shape):
            if in_places(self.by, side) >= side:
                raise ShapeError(f"shift by {self.by:g} places moves everything out of rows of shape {shape}")

    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """Move each row along each of its sides."""
        farthest = [in_places(self.by, side) for side in sides(x.shape[1:])]
        move(x, [rng.integers(-far, far, len(x), endpoint=True) for far in farthest], self.fill)
