"""Preprocessors that make many columns of one: rows stay narrow in memory, each batch is widened when it is read."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessor import Preprocessor


class WideningPreprocessor(Preprocessor):
    """x' = widen(narrow(x)). As the last of `data.preprocess`, only `narrow` acts before training."""

    @abstractmethod
    def narrow(self, x: Array, fitted: dict[str, Array]) -> Array:
        """Rows (n, few columns) that hold what `widen` needs."""

    @abstractmethod
    def widen(self, narrow: Array, fitted: dict[str, Array]) -> Array:
        """x' in the type of the narrow rows; cheap, because it runs once for each row and epoch."""

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """Both halves."""
        return self.widen(self.narrow(x, fitted), fitted)


@dataclass(frozen=True)
class Widen:
    """The second half as a step of `LazyRows`: the first `columns` (None: all) of narrow rows widened, then the rest.

    A backend may know it and widen a batch by a kernel.
    """

    preprocessor: WideningPreprocessor
    fitted: dict[str, Array]
    columns: int | None

    def __call__(self, rows: Array) -> Array:
        """x' (n, wide) of narrow rows."""
        made = self.preprocessor.widen(rows[:, : self.columns], self.fitted)
        return made if self.columns is None else np.hstack([made, rows[:, self.columns :]])


def narrow_rows(x: Array | LazyRows) -> Array | LazyRows:
    """The rows as they lie in memory if x widens them when they are read, else x: two rows are equal in both forms."""
    if isinstance(x, LazyRows) and len(x.steps) == 1 and isinstance(x.steps[0], Widen):
        return LazyRows(x.stored, x.index)
    return x
