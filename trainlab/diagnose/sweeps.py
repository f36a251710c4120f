"""Results over several runs: the scores of a cross-validation, and where the best trials of a sweep lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FoldScores:
    """The metric's best value on each fold, in order, and the number of rows of a fold."""

    metric: str
    scores: Sequence[float]
    rows: int


@dataclass(frozen=True, slots=True)
class SearchedRange:
    """A searched range: the best value, and the positions of the best trials in it, from 0 to 1, the best first.

    up, down: the range to try next above or below, written as in a config; None where the setting itself ends there.
    trials: how many finished.
    """

    path: str
    value: Any
    places: Sequence[float]
    trials: int
    up: Mapping[str, Any] | None
    down: Mapping[str, Any] | None
