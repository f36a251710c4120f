"""lr-too-high: the steps are too long."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.training._windows import windows
from trainlab.diagnose.view import View


class LrTooHigh(Monitor, name="lr-too-high"):
    """The steps are so long that they overshoot: the loss jumps or climbs, weights grow, units die, and nothing is
    learned.

    Measured by what the steps do, never by the value of lr, from the second epoch after the warmup and from `steps`
    steps on. While little has been learned (progress below `learned`, or behind a simple rule at the end), one of
    three is enough: the median of the last 50 steps is longer than a tenth of the weights (a thousandth is healthy);
    one of the first 20 steps was longer than half of all weights, and a fifth of the run has not repaired that; or
    the loss has risen to 1.5 times its start and chance, with steps longer than a twentieth of the weights. A
    network that has learned more after such a first step, but has much left to learn (progress below `good`), is
    reported if its training loss climbs again (each of the last three epochs lies above the best one by `rebound` of
    the loss at chance), or if half of the run has not brought it below chance: some answers are right, and the
    others are wrong with great confidence.

    Do: Divide the learning rate by three to ten, or let `trainlab lr-range` find it. If only the first steps are
    too long, use a warmup.

    Picture:

        loss
            | : .  :   .:  .   jumps about, learns nothing
            |: ' :' '.: '.' '
            |'.
            |  '-.____          a tenth of the rate
            +------------------ steps

    Source: CS231n, "Babysitting the learning process" (ratio of weight updates to weights, about 1e-3);
    TheDeepChecker (Ben Braiek & Khomh 2022), update ratio above 0.1.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch", "end")
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = (
        "symmetric-init",
        "signal-collapse",
        "over-regularized",
        "momentum-too-high",
        "bad-schedule",
        "unscaled-input",
        "unscaled-target",
        "outlier-input",
        "signal-explosion",
    )

    ratio: float = setting(0.1, "median length of a step, relative to the weights, that is too long", gt=0)
    burst: float = setting(0.5, "length of one of the first steps, relative to the weights, that is too long", gt=0)
    climb: float = setting(1.5, "how many times its start the loss may rise to", gt=1)
    learned: float = setting(0.2, "progress from chance (0) to perfect (1) that ends the check", gt=0, lt=1)
    margin: float = setting(0.1, "at the end: how far behind a simple rule counts as little learned", gt=0)
    good: float = setting(0.8, "progress above which a training loss that climbs again does no harm", gt=0, le=1)
    rebound: float = setting(0.03, "rise of the training loss above its best, relative to chance, that lasts", gt=0)
    steps: Count = setting(50, "steps before which it is not checked")

    def inspect(self, view: View) -> Iterable[Finding]:
        """After each epoch, once the first ones are over."""
        ratios, losses = view.steps["update_ratio"], view.steps["loss"]
        known = np.isfinite(ratios)
        if view.step < self.steps or view.epoch < max(2.0, view.warmup + 1) or not known.any():
            return
        first, recent = float(ratios[:20][known[:20]].max(initial=0.0)), float(median(ratios[known][-50:]))
        burst = first > self.burst and view.epoch >= 0.2 * view.epochs
        lost = self._lost(view)
        if not lost and not (burst and self._spoiled(view)):  # the usual case, decided fast
            return
        start = max(float(median(losses[:5])), view.chance)
        worst = float(np.max(median(windows(losses, 10)))) if len(losses) >= 20 else start
        longest = float(ratios[known].max())
        climbed = lost and worst > self.climb * start and longest > self.ratio / 2
        if recent > self.ratio or burst or climbed:
            how = (
                f"the loss has climbed to {worst:.3g} from {start:.3g}"
                if climbed
                else f"the median step is {recent:.2g} times as long as the weights"
                if recent > self.ratio
                else f"one of the first steps was {first:.2g} times as long as the weights"
            )
            then = "little has been learned" if lost else "the training loss does not recover"
            yield self.finding(
                view,
                f"The learning rate is too high: {how}, and {then}.",
                "Lower the learning rate (`trainlab lr-range` finds one); warmup or clipping helps with the first "
                "steps.",
                evidence={
                    "median_ratio": recent,
                    "first_ratio": first,
                    "worst_loss": worst,
                    "start_loss": start,
                    "lr": view.lr,
                    "progress": view.progress,
                    "threshold": self.ratio,
                },
                patches=[*lower_lr(view), {"train.clip_norm": 1.0}],
            )

    def _lost(self, view: View) -> bool:
        """Whether little has been learned, or the score is behind a simple rule at the end."""
        return view.progress <= self.learned or view.behind > self.margin

    def _spoiled(self, view: View) -> bool:
        """Whether the training loss climbs again, or is still above chance after half of the run."""
        losses = view.curves["train_loss"][1:]
        if len(losses) < 5 or not view.chance > 0 or view.progress > self.good or not np.isfinite(losses).all():
            return False
        best, lately = float(losses.min()), float(losses[-3:].min())
        above = view.epoch >= 0.5 * view.epochs and best > view.chance
        return above or lately > best + self.rebound * view.chance
