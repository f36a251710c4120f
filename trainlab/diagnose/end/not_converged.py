"""not-converged: the training loss was still falling at the end."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import epochs
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.forecast import CLEAR, expected_fall, expected_gain
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

MANY_STEPS = 1000  # from here on a higher rate is tried before more epochs


class NotConverged(Monitor, name="not-converged"):
    """The training loss was still falling fast when the run ended: more epochs would help.

    Measured where the schedule has not lowered the learning rate to almost zero, and the loss was still falling. It is
    a warning if as many steps again would end clearly better: half of what the validation score gained in the second
    half of the run exceeds `gain`, and it was a good part of what was missing; or the loss, though still above chance,
    falls steadily (its last halves, continued at their own pace). Its severity is info if only the loss of the last
    fifth of the epochs fell by more than `fall` of its value and a fiftieth of the loss at chance; with a network that
    is clearly behind a simple rule (see `no-better-than-baseline`), or has covered less than a third of the way, that
    is a warning as well.

    Do: Train for more epochs (`train.epochs`), or with a higher learning rate; resume the run with
    `train.epochs=N`. If early stopping ended the run, more epochs change nothing: raise
    `train.early_stopping.patience`.

    Picture:

        loss
         |'.
         |  '-.
         |     '-.|  cut off while it falls
         +--------|- epoch

    Source: Goodfellow et al. 2016, "Deep Learning", section 11.4; Godbole et al. 2023, "Deep Learning Tuning
    Playbook".
    """

    when: ClassVar[tuple[When, ...]] = ("end",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = (
        "lr-too-low",
        "bad-schedule",
        "vanishing-gradient",
        "tiny-input",
        "unscaled-target",
    )

    gain: float = setting(0.04, "rise of the score that as many steps again would bring", gt=0)
    fall: float = setting(0.1, "fall over the last fifth of the epochs that is still fast", gt=0, lt=1)
    enough: float = setting(0.9, "progress from chance (0) to perfect (1) above which it is not reported", gt=0, lt=1)
    margin: float = setting(0.1, "how far behind a simple rule makes it a warning", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        losses, rates = view.curves["train_loss"], view.curves["lr"]
        if len(losses) < 2 or not np.isfinite(losses[-1]):
            return
        back = max(1, (len(losses) - 1) // 5)
        before, last = float(losses[-1 - back]), float(losses[-1])
        rate = float(rates[-1] / rates.max()) if np.isfinite(rates).all() and rates.max() > 0 else 1.0
        more, falling = expected_gain(view), expected_fall(view)
        better = more > self.gain and not falling < 0.6 * CLEAR and view.progress < self.enough
        steady = falling > CLEAR and last > view.chance
        fast = before - last > self.fall * before and before - last > 0.02 * view.chance
        under_way = 0.02 < view.progress < self.enough
        if rate <= 0.01 or not (better or steady or (fast and under_way)):
            return
        lost = better or steady or view.behind > self.margin or view.progress < 0.33
        ended = "early stopping ended the run" if view.out_of_patience else "the run ended"
        yield self.finding(
            view,
            f"The training loss was still falling when {ended}: from {before:.3g} to {last:.3g} in the last "
            f"{'epoch' if back == 1 else f'{back} epochs'}.",
            "Raise train.early_stopping.patience, or train with a higher learning rate."
            if view.out_of_patience
            else "Train for more epochs, or with a higher learning rate.",
            evidence={
                "before": before,
                "last": last,
                "epochs": back,
                "expected_gain": more,
                "expected_fall": falling,
                "progress": view.progress,
                "threshold": self.gain,
            },
            severity="warning" if lost else "info",
            patches=longer_or_faster(view),
        )


def longer_or_faster(view: View) -> list[dict[str, Any]]:
    """More epochs and a higher rate. The rate comes first where steps are shorter than usual or there are many."""
    more, faster = epochs(view, 3), raise_lr(view)
    return [*faster, *more] if view.step > MANY_STEPS else [*more, *faster]


def raise_lr(view: View) -> list[dict[str, float]]:
    """Three times the learning rate, where there is one; ten times while the loss is still worse than chance."""
    last = float(view.curves["train_loss"][-1])
    times = 10 if last > 1.5 * view.chance else 3
    return [{"optimizer.lr": float(f"{times * view.lr:.2g}")}] if view.lr else []
