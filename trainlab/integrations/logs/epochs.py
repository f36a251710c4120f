"""Cuts the rows of a log into epochs and steps: what monitors look at.

Without a column for it, an epoch is what lies between two validations, or else a twentieth of the log. Epochs that were
not logged lie on the line between their neighbours, so that a gap is no plateau.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from trainlab.core.types import Array
from trainlab.integrations.logs.reader import Log
from trainlab.integrations.logs.rows import Row

_WINDOWS = 20  # epochs that a log without epochs is cut into
_VALIDATIONS = (4, 200)  # so many of them cut it instead
_STEPS = 100  # of an epoch, if unknown
_ROWS = 5000  # epochs that gaps are filled up to
_MEANS = ("train_loss", "train_accuracy", "train_r2", "grad_norm", "update_ratio")  # others: an epoch's last value
_INTERPOLATED = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "train_r2", "val_r2")
_AT_CHANCE = 1.5  # times exp(-loss): the score of a network that knows nothing is not above that


@dataclass(frozen=True, slots=True)
class Epochs:
    """A log by epoch and by step.

    made: a row for each epoch · untrained: the first row is the network before training · table (rows, 4): loss, lr,
    grad_norm and update_ratio of each logged step, empty if epochs only were logged · numbers: which steps these are ·
    ends: how many rows of the table an epoch ends with, the untrained network first · done: how many steps.
    """

    made: list[Row]
    untrained: bool
    table: Array
    numbers: Array
    ends: list[int]
    done: list[int] = field(default_factory=list[int])


def epochs_of(log: Log, own_steps: Log | None = None) -> Epochs:
    """The log cut into epochs. own_steps: the steps, if they are in a log of their own, as in a run folder."""
    loss = "train_loss" if "train_loss" in log.columns else "val_loss"
    groups, untrained = _groups(log, loss)
    counts = [sum(loss in row for row in group) for group in groups[untrained:]]
    made = [_summed(group) for group in groups]
    table, numbers = np.empty((0, 4)), np.empty(0)
    if own_steps is not None:
        table, numbers = _table(own_steps.rows, "train_loss")
        done = [int(row.get("step") or 0) for row in made]
        done = done if untrained else [0, *done]
        ends = np.searchsorted(numbers, done, side="right").tolist()
        return Epochs(made, untrained, table, numbers, ends, done)
    if sum(counts) > 1.5 * len(counts):
        rows = [row for group in groups[untrained:] for row in group]
        table, numbers = _table(rows, loss)
        ends = np.cumsum([0, *counts]).tolist()
        done = [int(numbers[e - 1]) if e else 0 for e in ends]
        if "step" not in log.columns:  # each row may stand for several steps
            done = [max(n, _STEPS * e) for e, n in enumerate(done)]
        return Epochs(made, untrained, table, numbers, ends, done)
    return Epochs(made, untrained, table, numbers, [0] * (len(counts) + 1), _done(made[untrained:]))


def _done(made: Sequence[Row]) -> list[int]:
    """How many steps are done after each epoch, from the numbers of its last one; a guess if they tell nothing."""
    steps = [int(row.get("step") or 0) for row in made]
    if all(a <= b for a, b in pairwise(steps)) and len(set(steps)) > 0.5 * len(steps) and steps[-1] >= len(steps):
        return [0, *steps]
    if min(steps, default=0) > 0:  # they count within the epoch
        return [0, *np.cumsum(steps).tolist()]
    return [_STEPS * e for e in range(len(made) + 1)]


def interpolated(rows: Sequence[Mapping[str, float | None]], columns: Sequence[str]) -> list[dict[str, float | None]]:
    """The rows; a missing loss or score lies between its neighbours, all else is what was last known."""
    made: list[dict[str, float | None]] = [dict(row) for row in rows]
    for column in columns:
        known = [i for i, row in enumerate(made) if row.get(column) is not None]
        if not known:
            continue
        for row in made[known[-1] + 1 :]:
            row[column] = made[known[-1]][column]
        for row in made[: known[0]]:
            row[column] = made[known[0]][column]
        for a, b in pairwise(known):
            first, last = float(made[a][column] or 0.0), float(made[b][column] or 0.0)
            between = column in _INTERPOLATED and math.isfinite(first) and math.isfinite(last)
            for i in range(a + 1, b):
                made[i][column] = first + (last - first) * (i - a) / (b - a) if between else first
    return made


def _groups(log: Log, loss: str) -> tuple[list[list[Row]], bool]:
    """The rows by epoch, and whether the first one is the untrained network."""
    groups = _by_epoch(log) if "epoch" in log.columns else _by_step(log)
    untrained = len(groups) > 1 and _is_untrained(groups, loss)
    while len(groups) > 1 + untrained and not any(loss in row for row in groups[-1]):
        last = groups.pop()
        groups[-1] = [*groups[-1], *last]
    return groups, untrained


def _by_epoch(log: Log) -> list[list[Row]]:
    """By the numbers of the epochs; whole ones that are missing in between are there without a row."""
    known = [row["epoch"] for row in log.rows if "epoch" in row]
    fractional = any(e != int(e) for e in known)
    groups: dict[float, list[Row]] = {}
    here = known[0] if known else 0.0
    for row in log.rows:
        here = row.get("epoch", here)
        key = math.ceil(here - 1e-9) if fractional else here
        groups.setdefault(max(key, 1) if fractional and row.get("step", 1) > 0 else key, []).append(row)
    first, last = int(min(groups)), int(max(groups))
    if len(groups) > 1 and last - first < min(_ROWS, 20 * len(groups)):
        return [groups.get(float(e), []) for e in range(first, last + 1)]
    return [groups[key] for key in sorted(groups)]


def _by_step(log: Log) -> list[list[Row]]:
    """By the validations, or in windows of equal length."""
    rows = log.rows
    if "step" not in log.columns or len(rows) <= _WINDOWS:
        return [[row] for row in rows]
    least, most = _VALIDATIONS
    validated = [i for i, row in enumerate(rows) if "val_loss" in row or "val_accuracy" in row]
    if least <= len(validated) <= most and len(rows) > 1.5 * len(validated) and "train_loss" in log.columns:
        cuts = [0, *(i + 1 for i in validated)]
        groups = [list(rows[a:b]) for a, b in pairwise(cuts)]
        rest = list(rows[cuts[-1] :])
        if len(rest) > len(rows) / len(validated) / 2:
            groups.append(rest)
        else:
            groups[-1] += rest
        first = groups[0]
        if len(first) == 1 and "train_loss" not in first[0] and len(groups) > 1 and first[0].get("step", 1) > 0:
            groups[1] = groups.pop(0) + groups[0]
        return groups
    size = -(-len(rows) // _WINDOWS)
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]


def _is_untrained(groups: Sequence[Sequence[Row]], loss: str) -> bool:
    """Whether the first group is one row of step 0, of a log that counts steps, with a score that is at chance."""
    if len(groups[0]) != 1:
        return False
    row = groups[0][0]
    if row.get("step", 1) != 0 or row.get("epoch", 0) != 0:
        return False
    later = [r["step"] for group in groups[1:3] for r in group if "step" in r]
    if not later or later[0] <= 1:
        return False
    score, level = row.get("train_accuracy", row.get("val_accuracy")), row.get(loss, row.get("val_loss"))
    if score is None or level is None or not math.isfinite(level):
        return True
    return score <= _AT_CHANCE * math.exp(-min(50.0, max(level, 0.0))) + 0.1


def _summed(group: Sequence[Row]) -> Row:
    """One row for an epoch: means of what was measured while training, last values of all else."""
    made: Row = {}
    for row in group:
        made.update(row)
    for column in _MEANS:
        values = [row[column] for row in group if column in row]
        if len(values) > 1:
            whole = all(map(math.isfinite, values))
            made[column] = math.fsum(v / len(values) for v in values) if whole else math.nan
    return made


def _table(rows: Sequence[Row], loss: str) -> tuple[Array, Array]:
    """A row (loss, lr, grad_norm, update_ratio) for each logged step, and their numbers.

    A gradient norm that was not measured is 0. Steps without numbers that grow are numbered from 1.
    """
    steps: list[list[float]] = []
    numbers: list[float] = []
    lr = math.nan
    for row in rows:
        lr = row.get("lr", lr)
        if loss in row:
            steps.append([row[loss], lr, row.get("grad_norm", 0.0), row.get("update_ratio", math.nan)])
            numbers.append(row.get("step", math.nan))
    found = np.array(_counted_on(numbers))
    if len(found) < 2 or not (np.diff(found) > 0).all():
        found = np.arange(1.0, len(steps) + 1)
    return np.array(steps, dtype=np.float64).reshape(-1, 4), found + (found[0] == 0 if len(found) else 0)


def _counted_on(numbers: Sequence[float]) -> list[float]:
    """Numbers that begin again with each epoch, counted on from the last one before."""
    made: list[float] = []
    offset, before = 0.0, -math.inf
    for number in numbers:
        if number <= before:
            offset += before + (number == 0)
        made.append(offset + number)
        before = number
    return made
