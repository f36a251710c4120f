"""The curves of a run as charts want them: over epochs, without what is not there or not finite."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.report.json_fields import number, table
from trainlab.store.reading import RunRecord

Points = list[tuple[float, float]]


def known(x: Sequence[Any], y: Sequence[Any]) -> Points:
    """The points whose numbers are there and finite."""
    count = min(len(x), len(y))
    xs, ys = _floats(x[:count]), _floats(y[:count])
    there = np.isfinite(xs) & np.isfinite(ys)
    return list(zip(xs[there].tolist(), ys[there].tolist(), strict=True))


def metric(record: RunRecord, name: str) -> Points:
    """A column of metrics.csv over the epochs."""
    return known(record.metrics.get("epoch", []), record.metrics.get(name, []))


def trained(points: Points) -> Points:
    """The points without epoch 0, the untrained network, unless there is no other."""
    return [point for point in points if point[0]] or points


def steps_per_epoch(record: RunRecord) -> float:
    """How many steps an epoch has: by the last epoch, in a run without one by its rows. 1 where nothing is known, so
    that steps stand for epochs.
    """
    pairs = known(record.metrics.get("epoch", []), record.metrics.get("step", []))
    epoch, step = pairs[-1] if pairs else (0.0, 0.0)
    if epoch and step:
        return step / epoch
    rows, batch = number(table(record.data, "rows"), "train"), number(table(record.config, "train"), "batch_size")
    return max(1.0, math.ceil(rows / batch)) if rows and batch and batch > 0 else 1.0


def in_epochs(record: RunRecord, steps: Sequence[Any]) -> list[float]:
    """Steps as parts of epochs."""
    per = steps_per_epoch(record)
    return [step / per for step in steps]


def last_epoch(record: RunRecord, also: Sequence[float] = ()) -> float:
    """The last epoch that was trained, or the last of these moments if it is later."""
    epochs = [x for x, _ in known(record.metrics.get("epoch", []), record.metrics.get("epoch", []))]
    return max([*epochs[-1:], *also, 1e-9])


def score_name(record: RunRecord) -> str:
    """`accuracy` or `r2`, whichever the run has measured; empty if neither."""
    return next((name for name in ("accuracy", "r2") if f"train_{name}" in record.metrics), "")


def chance(record: RunRecord, name: str) -> float | None:
    """What a guess would score on the validation rows: `loss`, `accuracy` or `r2`; None where it is not known."""
    value = number(table(record.data, "chance"), name)
    return value if value is not None and math.isfinite(value) else None


def _floats(cells: Sequence[Any]) -> Array:
    """The cells as floats, nan where there is no number."""
    with suppress(OverflowError):  # of an integer of hundreds of digits
        if set(map(type, cells)) <= {int, float, type(None)}:
            return np.array(cells, np.float64)  # None becomes nan
    return np.array([_float(cell) for cell in cells], np.float64)


def _float(value: Any) -> float:
    with suppress(OverflowError):
        return float(value) if _is_number(value) else math.nan
    return math.nan


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
