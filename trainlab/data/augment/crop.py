"""Crop: a window at a random place."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Count, Shape
from trainlab.data.augment._places import move, need_images
from trainlab.data.augmentation import Augmentation


class Crop(Augmentation, name="crop"):
    """Each image gets a border of `pad` pixels; a window of the image's own size is cut out at a random place.

    The network learns that objects need not be centered. Together with `flip` the standard for small photographs.

    Source: He et al. 2016, section 4.2 (4 pixels of zeros around 32 x 32); CS231n, data augmentation.
    """

    pad: Count = setting(4, "width of the border in pixels")
    border: Literal["zero", "edge", "reflect"] = setting(
        "zero", "zero: zeros; edge: the outermost pixel repeated; reflect: the image mirrored"
    )

    def check(self, shape: Shape) -> None:
        """Images only, and larger than the border."""
        need_images("crop", shape)
        if self.pad >= min(shape[:2]):
            raise ShapeError(
                f"crop with a border of {self.pad} pixels may lose an image of {shape[0]} x {shape[1]} altogether; "
                f"the largest `pad` is {min(shape[:2]) - 1}"
            )

    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """Cut each image out of its padded self."""
        move(x, list(rng.integers(-self.pad, self.pad, (2, len(x)), endpoint=True)), self.border)
