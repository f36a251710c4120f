"""Digits: handwritten digits as images of 8 by 8 pixels."""

import numpy as np

from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._bundled import classification, numbers


class Digits(Source, name="digits"):
    """1797 handwritten digits, images (8, 8, 1) of whole numbers 0 to 16, ten classes. Real data, no download.

    Source: E. Alpaydin and C. Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI (its test part), as
    scikit-learn ships it.
    """

    def load(self, rng: np.random.Generator) -> Loaded:
        """All images, uint8."""
        table = numbers("digits.csv.gz")
        images = table[:, :-1].astype(np.uint8).reshape(-1, 8, 8, 1)
        return Loaded(Rows(images, table[:, -1].astype(np.int64)), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Images (8, 8, 1) of the digits 0 to 9."""
        return classification((8, 8, 1), *"0123456789")
