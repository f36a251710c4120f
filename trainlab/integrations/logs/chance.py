"""A guess of the loss of a network that knows nothing, where the log's reader has not said the number of classes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, float]

_LARGE = 1e6  # no untrained network has such a loss
_ENOUGH = 5  # epochs that show a score is flat
_LONG = 8  # the same for a loss alone
_JUMP = 1.5  # how far above the rest the first epoch's loss lies after a jump
_FLAT = 0.98  # of the mean of the first third is left in the last


@dataclass(frozen=True, slots=True)
class Chance:
    """loss: what a network that knows nothing has · majority: its accuracy, 0 if unknown · note: what was concluded."""

    loss: float
    majority: float = 0.0
    note: str = ""


def guess(made: Sequence[Row], *, classes: bool, first: float | None) -> Chance:
    """The chance level from the curves. made: a row per epoch · classes: there is an accuracy · first: the first loss
    that was measured, if that is earlier than the first epoch's end.

    It is the first loss, unless the first score shows that much had been learned by then: from accuracy 0.35 on, of a
    loss l at accuracy a about l / (1 - a) was there in the beginning. A score that stays at 1/k while the loss does not
    fall is that of k classes at chance, whatever the loss began with. And where no score is known, a loss that jumps in
    the first epoch and is flat from then on is taken for chance, with a note.
    """
    losses = [row["train_loss"] for row in made if "train_loss" in row]
    finite = [v for v in losses if math.isfinite(v)]
    if finite and min(finite) < 0:
        return Chance(max(max(finite) - min(finite), 1e-9), note=_NEGATIVE)
    if classes and (k := _classes_at_chance(made, finite)):
        return Chance(math.log(k), 1 / k, f"the accuracy stays at {1 / k:.2g}: taken as {k} classes at chance")
    if not classes and (level := _level_after_jump(finite)):
        return Chance(level, note=_JUMPED.format(finite[0], level))
    known = [v for v in losses if 0 < v < _LARGE][:1]
    if first is not None and 0 < first < _LARGE:
        known = [first, *known]
    loss = max(known, default=1.0)
    if not classes:
        return Chance(loss)
    score = next((row["train_accuracy"] for row in made if "train_accuracy" in row), math.nan)
    if first is None and score > max(0.35, 1.6 * math.exp(-min(loss, 50.0))):
        loss = min(loss / max(1.0 - score, 0.1), math.log(1000))
    return Chance(max(loss, math.log(2)))


_NEGATIVE = "the loss falls below zero: how much was learned cannot be told from it, only nan and a rise"
_JUMPED = (
    "the loss is {:.3g} in the first epoch and flat at {:.3g} from then on: taken as chance; if that is all there was to "
    "learn, say so with --classes or --chance"
)


def _classes_at_chance(made: Sequence[Row], losses: Sequence[float]) -> int:
    """The number of classes if the accuracy says that nothing was ever learned; 0 if it does not."""
    name = "val_accuracy" if any("val_accuracy" in row for row in made) else "train_accuracy"
    scores = [row[name] for row in made if math.isfinite(row.get(name, math.nan))]
    if len(scores) < _ENOUGH or not _stuck(losses[1:], 0.97):
        return 0
    middle = sorted(scores)[len(scores) // 2]
    flat = max(scores) - min(scores) <= max(0.05, 0.3 * middle)
    return max(2, round(1 / middle)) if flat and 0.002 < middle < 0.55 else 0


def _level_after_jump(losses: Sequence[float]) -> float:
    """Where the loss lies after a jump in the first epoch; 0 if it went on falling."""
    rest = losses[1:]
    if len(rest) < _LONG or not _stuck(rest, _FLAT):
        return 0.0
    middle = sorted(rest)[len(rest) // 2]
    spread = sorted(rest)[-2] - sorted(rest)[1]
    return middle if losses[0] > _JUMP * middle and 0 < spread < middle else 0.0


def _stuck(losses: Sequence[float], left: float) -> bool:
    """Whether the last third is, on average, not below the first third."""
    third = len(losses) // 3
    return third > 0 and sum(losses[-third:]) >= left * sum(losses[:third])
