"""The rule for the best epoch."""

from math import inf, nan
from typing import Any

import pytest

from trainlab.core.best import BestRule


def rows(metric: list[Any], loss: list[Any]) -> list[dict[str, Any]]:
    return [{"epoch": i, "m": m, "val_loss": v} for i, (m, v) in enumerate(zip(metric, loss, strict=True))]


@pytest.mark.parametrize(
    ("metric", "loss", "first", "last"),
    [
        ([9, 1, 2, 2, 1], [1, 1, 1, 1, 1], 2, 3),
        ([9, 1, 2, 2, 2], [1, 1, 3, 2, 2], 3, 4),
        ([9, 1, 2, 2, 2], [1, 1, 3, 2, 2.5], 3, 4),
        ([9, 2, 2], [1, nan, 5], 2, 2),
        ([9, 2, 2], [None, None, None], 1, 2),
        ([9, nan, inf, None], [1, 1, 1, 1], 0, 0),
        ([9], [1], 0, 0),
    ],
)
def test_best_epoch(metric: list[Any], loss: list[Any], first: int, last: int):
    """The best epoch after epoch 0; of equals the one with the lowest val_loss and of these the first, or the last."""
    made = rows(metric, loss)
    lowered = [row | {"m": None if row["m"] is None else -row["m"]} for row in made]

    assert BestRule("m", lower_is_better=False).of(made)["epoch"] == first
    assert BestRule("m", lower_is_better=False, ties="last").of(made)["epoch"] == last
    assert BestRule("m", lower_is_better=True).of(lowered)["epoch"] == first


def test_no_epoch():
    """Without a value there is no best epoch."""
    assert BestRule("m", lower_is_better=True).of(rows([nan, None], [1, 1])) is None
