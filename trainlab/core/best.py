"""Which of a run's epochs is the best one. Training, sweeps and reports all ask this rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import inf, isfinite
from typing import Any, Literal

Row = Mapping[str, Any]  # of metrics.csv
Ties = Literal["loss", "last"]


@dataclass(frozen=True, slots=True)
class BestRule:
    """The best epoch is the one with the best value of `metric`.

    Epoch 0, the untrained network, is the best only until an epoch of training has a value. Of equal epochs the one
    with the lowest val_loss is the best, and of these the first; with `ties` "last" it is the last one.

    >>> rows = [{"epoch": 0, "val_f1": 0.9}, {"epoch": 1, "val_f1": 0.4}, {"epoch": 2, "val_f1": 0.4}]
    >>> BestRule("val_f1", lower_is_better=False).of(rows)
    {'epoch': 1, 'val_f1': 0.4}
    >>> BestRule("val_f1", lower_is_better=False, ties="last").of(rows)
    {'epoch': 2, 'val_f1': 0.4}
    """

    metric: str
    lower_is_better: bool
    ties: Ties = "loss"

    def better(self, row: Row, than: Row | None) -> bool:
        """Whether a later epoch is better than the best one so far (None before there is one).

        An epoch whose metric is missing or not finite never is.
        """
        value = row.get(self.metric)
        if value is None or not isfinite(value):
            return False
        if than is None or not than["epoch"]:
            return True
        before = than[self.metric]
        if value != before:
            return (value < before) == self.lower_is_better
        return self.ties == "last" or _loss(row) < _loss(than)

    def of(self, rows: Iterable[Row]) -> Row | None:
        """The best of these epochs, which are in their order; None if none has a value."""
        first: Row | None = None
        return reduce(lambda best, row: row if self.better(row, best) else best, rows, first)


def _loss(row: Row) -> float:
    loss = row.get("val_loss")
    return 0.0 if loss is None else loss if loss == loss else inf
