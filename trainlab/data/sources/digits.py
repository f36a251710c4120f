"""Digits: handwritten digits as images of 8 by 8 pixels."""

from typing import Annotated

import numpy as np
from pydantic import Field

from trainlab.core.component import setting
from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._bundled import classification, numbers


class Digits(Source, name="digits"):
    """1797 handwritten digits, images (8, 8, 1) of whole numbers 0 to 16, ten classes. Real data, no download.

    Source: E. Alpaydin and C. Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI (its test part), as
    scikit-learn ships it.
    """

    classes: list[Annotated[int, Field(ge=0, le=9)]] = setting(
        list(range(10)), "the digits to keep, for a task of fewer classes", min_length=2
    )

    def load(self, rng: np.random.Generator) -> Loaded:
        """All images of these digits, uint8."""
        table, digits = numbers("digits.csv.gz"), sorted(set(self.classes))
        table = table[np.isin(table[:, -1], digits)]
        images = table[:, :-1].astype(np.uint8).reshape(-1, 8, 8, 1)
        return Loaded(Rows(images, np.searchsorted(digits, table[:, -1]).astype(np.int64)), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Images (8, 8, 1) of these digits."""
        return classification((8, 8, 1), *map(str, sorted(set(self.classes))))
