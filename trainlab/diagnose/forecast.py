"""Would a longer run end better? A forecast from how fast the scores and the losses were still changing.

Both forecasts ask what as many steps again would bring. The next doubling of a run brings at most as much as the last
one, and at most half of what is left.
"""

from math import isfinite, nan

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose.view import View

CLEAR = 0.05  # of the loss at chance: a run that would gain this much from as many steps again ends too early
_LEFT = 0.25  # of the score that is missing: a smaller gain is no reason to call a run too short


def expected_gain(view: View) -> float:
    """By how much the score would rise if the run went on for as many steps as it had; nan where nothing is known.

    Measured on the validation score (the training score without one): half of what the second half of the epochs
    gained, at most half of what is missing to 1. It is 0 if they gained less than a quarter of what is missing, or than
    chance explains.
    """
    kind = view.curves.score
    known = view.curves[f"val_{kind}"]
    score = known if len(known) and isfinite(float(known[-1])) else view.curves[f"train_{kind}"]
    if len(score) < 2 or not isfinite(float(score[-1])):
        return nan
    last, half = float(score[-1]), float(score[(len(score) - 1) // 2])
    gained = last - half if isfinite(half) else 0.0
    p = min(0.99, max(0.01, last))
    spread = p * (1 - p) if view.task.kind == "classification" else 4 * p * (1 - p) ** 2  # of an accuracy, of an R2
    noise = 1.5 * (spread / max(1, view.val_rows)) ** 0.5
    return min(gained, 1 - last) / 2 if gained > max(noise, _LEFT * (1 - last)) else 0.0


def expected_fall(view: View) -> float:
    """By how much the loss would fall if the run went on for as many steps as it had: a share of the loss at chance.

    The training loss is averaged over the second eighth, the second quarter and the second half of the steps. The next
    doubling brings as much as the last one, times the ratio of the last two if that is below 1, and at most half of the
    loss that is left. What the validation loss gained in the second half of the epochs, and half of what is left of it,
    are limits, too. 0 where the loss does not fall, nan where nothing is known.
    """
    losses, chance = _losses(view), view.chance
    if len(losses) < 2 or not chance > 0 or not np.isfinite(losses[len(losses) // 8 :]).all():
        return nan
    n = len(losses)
    early, middle, late = (_mean(losses, low * n, high * n) for low, high in ((0.125, 0.25), (0.25, 0.5), (0.5, 1)))
    fall, before = middle - late, early - middle
    limits = [fall * min(1.0, max(0.0, fall / before)) if before > 0 else fall, _mean(losses, 0.9 * n, n) / 2]
    val = view.curves["val_loss"]
    if len(val) > 1 and isfinite(last := float(val[-1])):
        half = float(val[(len(val) - 1) // 2])
        limits += [half - last if isfinite(half) else last, last / 2]
    return max(0.0, min(limits)) / chance if all(map(isfinite, limits)) else nan


def _losses(view: View) -> Array:
    """The loss of each step; of each epoch where steps are unknown."""
    return view.steps["loss"] if len(view.steps["loss"]) else view.curves["train_loss"][1:]


def _mean(losses: Array, low: float, high: float) -> float:
    first = min(int(low), len(losses) - 1)
    with np.errstate(over="ignore"):
        return float(losses[first : max(first + 1, int(high))].mean())
