"""What is known of several runs together: scores of a cross-validation, where the best trials of a sweep lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FoldScores:
    """The metric's best value on each fold, in their order, and how many rows a fold has."""

    metric: str
    scores: Sequence[float]
    rows: int


@dataclass(frozen=True, slots=True)
class SearchedRange:
    """A range that was searched: the best value, and where the best trials lie in it, from 0 to 1, the best first.

    up, down: the range to try next above or below, spelled as in a config; None where the setting itself ends there.
    trials: how many had finished.
    """

    path: str
    value: Any
    places: Sequence[float]
    trials: int
    up: Mapping[str, Any] | None
    down: Mapping[str, Any] | None
