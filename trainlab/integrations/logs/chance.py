"""A guess of the loss of a network that knows nothing, where the log's reader has not said the number of classes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose.trend import falls

Row = Mapping[str, float]

_LARGE = 1e6  # no untrained network has such a loss
_ENOUGH = 5  # epochs that show a score is flat
_LONG = 8  # the same for a loss alone
_MUCH = 0.1  # a fall of the loss that tells of learning although the accuracy stays
_LEAST = 0.02  # a smaller fall is none
_LITTLE = 0.05  # a fall after a large jump that tells of none
_JUMP = 1.5  # how far above the rest the first epoch's loss lies after a jump


@dataclass(frozen=True, slots=True)
class Chance:
    """loss: what a network that knows nothing has · majority: its accuracy, 0 if unknown · note: what was concluded."""

    loss: float
    majority: float = 0.0
    note: str = ""


def guess(made: Sequence[Row], *, classes: bool, numbers: bool, first: float | None) -> Chance:
    """The chance level from the curves. made: a row per epoch · classes: there is an accuracy · numbers: numbers are
    predicted · first: the first loss that was measured, if that is earlier than the first epoch's end.

    It is the first loss, unless the first score shows that much had been learned by then: from accuracy 0.35 on, of a
    loss l at accuracy a about l / (1 - a) was there in the beginning. Three kinds of curve tell more:

    - The accuracy stays at 1/k and the loss does not fall: k classes at chance, whatever the loss began with.
    - The loss does not fall, and stays as high as that of the first step: that was chance.
    - No score is known, and the loss does not fall from the first or, after a jump, the second epoch on: where it lies
      is taken for chance, with a note.
    """
    losses = [row["train_loss"] for row in made if "train_loss" in row]
    finite = [v for v in losses if math.isfinite(v)]
    if finite and min(finite) < 0:
        return Chance(max(max(finite) - min(finite), 1e-9), note=_NEGATIVE)
    known = [v for v in losses if 0 < v < _LARGE][:1]
    first = first if first is not None and 0 < first < _LARGE else None
    if classes and (k := _classes_at_chance(made, finite)):
        level = min([math.log(k), *known])
        return Chance(level, 1 / k, f"the accuracy stays at {1 / k:.2g}: taken as {k} classes at chance")
    if not classes and len(finite) >= _ENOUGH:
        level, rest = _middle(finite[1:]), np.array(finite[1:])
        if first is not None and level > 0.9 * first and _flat(rest):
            return Chance(first)
        if _flat(np.array(finite)):
            return Chance(_middle(finite))
        jumped = finite[0] / level if len(finite) > _LONG and level > 0 else 0.0
        if jumped > _JUMP and _flat(rest, _LITTLE if jumped > 2 * _JUMP and not numbers else _LEAST):
            return Chance(level, note=_JUMPED.format(finite[0], level))
    begun = [*known, *([first] if first is not None else [])]
    loss = max(begun) if begun else 1.0
    if not classes:
        return Chance(loss)
    before, val = (_before_learning(made[0], split, first) for split in ("train", "val"))
    return Chance(max(min(before, val or before) or loss, loss, math.log(2)))


_NEGATIVE = "the loss falls below zero: how much was learned cannot be told from it, only nan and a rise"
_JUMPED = (
    "the loss is {:.3g} in the first epoch and flat at {:.3g} from then on: taken as chance; if that is all there was "
    "to learn, say so with --classes or --chance"
)


def _classes_at_chance(made: Sequence[Row], losses: Sequence[float]) -> int:
    """The number of classes if the accuracy says that nothing was ever learned; 0 if it does not."""
    name = "val_accuracy" if any("val_accuracy" in row for row in made) else "train_accuracy"
    scores = [row[name] for row in made if math.isfinite(row.get(name, math.nan))]
    if len(scores) < _ENOUGH or not losses:
        return 0
    middle = _middle(scores)
    if max(scores) - min(scores) > max(0.05, 0.3 * middle) or not 0.002 < middle < 0.55:
        return 0
    k = max(2, round(1 / middle))
    above = min(losses) > math.log(k)  # a loss that falls, but not to where it knows something
    return k if above or not falls(np.array(losses[1:]), _MUCH) else 0


def _before_learning(row: Row, split: str, first: float | None) -> float:
    """What a split's loss and accuracy of the first epoch say of the loss before training; 0 if nothing."""
    if first is not None or f"{split}_accuracy" not in row or f"{split}_loss" not in row:
        return 0.0
    loss, score = row[f"{split}_loss"], row[f"{split}_accuracy"]
    if not 0 < loss < _LARGE or not score > max(0.35, 1.6 * math.exp(-min(loss, 50.0))):
        return 0.0
    return min(loss / max(1.0 - score, 0.1), math.log(1000))


def _flat(losses: Array, least: float = _LEAST) -> bool:
    """Whether the losses do not fall, and never did."""
    return not falls(losses, least) and float(losses.min()) > 0.5 * float(np.median(losses))


def _middle(values: Sequence[float]) -> float:
    return float(np.median(values))
