"""Color jitter: images a little brighter or darker, harder or softer, more or less colorful."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Shape
from trainlab.data.augment._places import need_images
from trainlab.data.augmentation import Augmentation


class ColorJitter(Augmentation, name="color_jitter"):
    """Changes the light: per image, b, c, s are drawn evenly from ± brightness, ± contrast, ± saturation.

        x <- x + b                             brightness, in units of the preprocessed input
        x <- mean + (1 + c) (x - mean)         contrast, around the image's mean
        x <- grey + (1 + s) (x - grey)         saturation, around each pixel's mean over the channels

    The network learns that light is not the object. Saturation does nothing to images of one channel. Nothing is
    clipped: after preprocessing there is no black or white.

    Source: Howard 2013, arXiv:1312.5402; torchvision's ColorJitter works on raw pixels and multiplies for brightness.
    """

    brightness: float = setting(0.2, "largest change of the mean", ge=0)
    contrast: float = setting(0.2, "largest relative change of the distance from the mean", ge=0, le=1)
    saturation: float = setting(0.2, "largest relative change of the distance from grey", ge=0, le=1)

    def check(self, shape: Shape) -> None:
        """Images only."""
        need_images("color_jitter", shape)

    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """Brightness, then contrast, then saturation."""
        b, c, s = rng.uniform(-1, 1, (3, len(x), 1, 1, 1)).astype(x.dtype)
        _stretch(x, x.mean(axis=(1, 2, 3), keepdims=True), 1 + self.contrast * c)
        x += self.brightness * b  # commutes with the contrast, whose mean moves along
        if x.shape[3] > 1:
            _stretch(x, x.mean(axis=3, keepdims=True), 1 + self.saturation * s)


def _stretch(x: Array, middle: Array, factor: Array) -> None:
    """X <- middle + factor (x - middle), in place."""
    x -= middle
    x *= factor
    x += middle
