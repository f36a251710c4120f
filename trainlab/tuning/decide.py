"""What the trials of a round say about the next one: longer, more regularization, more capacity, a wider range, an end.

The course's sixth step. Everything here is a function of recorded results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import erf, exp, pi, sqrt
from statistics import fmean, stdev
from typing import Any, cast

from trainlab.core.metric_names import lower_is_better

Space = Mapping[str, Any]
_TOP, _MOST = 3, 2  # of the best trials, how many must agree
_LONGEST = 4  # times the epochs of the config
_WIDER_DROPOUT = 0.7


@dataclass(frozen=True, slots=True)
class Result:
    """A trial as a decision sees it."""

    trial: str
    score: float
    epochs: int
    codes: Sequence[str]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """The next round: its space, the epochs of its trials, and in words what changes and why. Nothing changes if
    `reasons` is empty.
    """

    space: dict[str, Any]
    epochs: int
    reasons: list[str] = field(default_factory=list[str])


def ranked(results: Sequence[Result], metric: str) -> list[Result]:
    """The best first; of equals the earlier first."""
    sign = 1.0 if lower_is_better(metric) else -1.0
    return sorted(results, key=lambda result: sign * result.score)


def next_move(
    best: Sequence[Result], space: Space, epochs: int, base: int, wider: Mapping[str, Mapping[str, Any]]
) -> Move:
    """What follows from the curves of the best trials.

    base: epochs of the config · wider: the ranges at whose edge the best trials lie, as `edge-of-range` suggests them.
    """
    move = Move(dict(space), epochs)
    top = best[:_TOP]

    def agree(code: str) -> bool:
        return sum(code in result.codes for result in top) >= min(_MOST, len(top))

    said = f"{_MOST} of the best {len(top)} trials" if len(top) > 1 else "the best trial"
    if agree("not-converged") and epochs < _LONGEST * base:
        longer = min(2 * epochs, _LONGEST * base)
        move = Move(
            move.space, longer, [f"{said} were still improving at their end: {longer} epochs instead of {epochs}"]
        )
    if agree("overfitting"):
        _change(move, _more_regularization(space), f"{said} overfit: more regularization, less capacity")
    elif agree("underfitting"):
        _change(move, _more_capacity(space), f"{said} underfit: more capacity, less regularization")
    for path, found in wider.items():
        if path in space:
            _change(move, {path: _union(space[path], found)}, f"the best {path} lies at the edge of its range")
    return move


def expected_gain(scores: Sequence[float], trials: int, metric: str, best: float) -> float:
    """By how much so many further trials are expected to beat `best`, if they come out like these.

    The scores of the better half, at least three, count as normal; each further trial gains E[max(best - score, 0)]
    at most.

    >>> expected_gain([1.0, 1.0, 1.0, 1.3], 10, "val_loss", 1.0)
    0.0
    >>> round(expected_gain([1.0, 1.0, 1.1, 1.3], 10, "val_loss", 1.0), 3)
    0.101
    """
    sign = 1.0 if lower_is_better(metric) else -1.0
    values = sorted(sign * score for score in scores)
    half = values[: max(3, (len(values) + 1) // 2)]
    spread = stdev(half) if len(half) > 1 else 0.0
    if not spread:
        return 0.0
    z = (sign * best - fmean(half)) / spread
    once = spread * (z * 0.5 * (1 + erf(z / sqrt(2))) + exp(-z * z / 2) / sqrt(2 * pi))
    return trials * once


def _change(move: Move, changes: Mapping[str, Any], reason: str) -> None:
    """Note a change of the space, if it is one."""
    new = {path: found for path, found in changes.items() if found != move.space.get(path)}
    if new:
        move.space.update(new)
        move.reasons.append(f"{reason} ({', '.join(f'{path}: {_flow(found)}' for path, found in new.items())})")


def _more_regularization(space: Space) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for path, found in space.items():
        last = path.rpartition(".")[2]
        if last == "dropout" and "uniform" in found:
            changes[path] = {"uniform": [0.1, max(_WIDER_DROPOUT, found["uniform"][1])]}
        elif last in ("l2", "l1", "weight_decay") and "log" in found:
            low, high = found["log"]
            changes[path] = (
                {**found, "log": [10 * low, min(1.0, 10 * high)]} if 10 * low < min(1.0, 10 * high) else found
            )
        elif last == "hidden" and "choice" in found and len(found["choice"]) > 2:
            options = sorted(found["choice"], key=size)
            kept = options[: max(2, 2 * len(options) // 3)]
            changes[path] = {**found, "choice": [option for option in found["choice"] if option in kept]}
    return changes


def _more_capacity(space: Space) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for path, found in space.items():
        last = path.rpartition(".")[2]
        if last == "dropout" and "uniform" in found:
            changes[path] = {"uniform": [0.0, min(0.2, found["uniform"][1])]}
        elif last in ("l2", "l1", "weight_decay") and "log" in found:
            low, high = found["log"]
            changes[path] = {**found, "log": [low / 10, high / 10]}
        elif last == "hidden" and "choice" in found:
            largest = max(found["choice"], key=size)
            changes[path] = {**found, "choice": [*found["choice"], [2 * units for units in largest]]}
    return changes


def size(hidden: Any) -> float:
    """The capacity of hidden layers, to compare options: about the number of their weights."""
    units = cast("list[int]", hidden) if isinstance(hidden, list) else [int(hidden)]
    return float(units[0] * 64 + sum(a * b for a, b in pairwise(units))) if units else 0.0


def _union(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The range that holds both; the new one where they are of different kinds."""
    for kind in ("int", "uniform", "log"):  # `log` is also a switch of `int`
        if kind in new and kind in old:
            (a, b), (c, d) = old[kind], new[kind]
            return {**old, kind: [min(a, c), max(b, d)]}
    return dict(new)


def _flow(found: Any) -> str:
    if isinstance(found, dict):
        table = cast("dict[str, Any]", found)
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in table.items()) + "}"
    if isinstance(found, list):
        return "[" + ", ".join(map(_flow, cast("list[Any]", found))) + "]"
    return f"{found:.3g}" if isinstance(found, float) else str(found)
