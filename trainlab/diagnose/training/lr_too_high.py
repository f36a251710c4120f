"""lr-too-high: the steps are too long for the loss."""

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
    """The steps are so long that they overshoot: the loss jumps about or climbs, weights grow, units die, nothing is
    learned.

    Measured by what the steps do, never by the value of lr, and only while little has been learned (`progress` under
    `learned`, from the second epoch after the warmup on and `steps` steps on). Any of three is enough: the median step
    of the last 50 is longer than a tenth of the weights (a healthy one is a thousandth); one of the first 20 steps was
    longer than half of all weights and a fifth of the run has not mended it; or the loss has been half as high again as
    at the start and at chance, with steps over a twentieth of the weights.

    Do: Divide the learning rate by three to ten, or let `trainlab lr-range` find it; warm it up if only the first
    steps are too long.

    Picture:

        loss
            | : .  :   .:  .   jumps about, learns nothing
            |: ' :' '.: '.' '
            |'.
            |  '-.____          a tenth of the rate
            +------------------ steps

    Source: CS231n, "Babysitting the learning process" (ratio of weight updates to weights, about 1e-3); TheDeepChecker
    (Ben Braiek & Khomh 2022), update ratio above 0.1.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch", "end")
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
    burst: float = setting(0.5, "length of one of the first steps that is too long", gt=0)
    climb: float = setting(1.5, "how many times the start the loss may rise to", gt=1)
    learned: float = setting(0.2, "progress from chance to perfect that ends the watch", gt=0, lt=1)
    margin: float = setting(0.1, "how far behind a simple rule at the end is as bad", gt=0)
    steps: Count = setting(50, "steps before which nothing is said")

    def look(self, view: View) -> Iterable[Finding]:
        """While little has been learned."""
        ratios, losses = view.steps["update_ratio"], view.steps["loss"]
        if view.step < self.steps or view.epoch < max(2.0, view.warmup + 1) or not self._lost(view):
            return
        known = np.isfinite(ratios)
        if not known.any():
            return
        first, recent = float(ratios[:20][known[:20]].max(initial=0.0)), float(median(ratios[-50:][known[-50:]]))
        start = max(float(median(losses[:5])), view.chance)
        worst = float(np.max(median(windows(losses, 10)))) if len(losses) >= 20 else start
        longest = float(ratios[known].max())
        climbed = worst > self.climb * start and longest > self.ratio / 2
        burst = first > self.burst and view.epoch >= 0.2 * view.epochs
        if recent > self.ratio or burst or climbed:
            how = (
                f"the loss has climbed to {worst:.3g} from {start:.3g}"
                if climbed
                else f"a step in the middle is {recent:.2g} times as long as all weights"
                if recent > self.ratio
                else f"one of the first steps was {first:.2g} times as long as all weights"
            )
            yield self.finding(
                view,
                f"The learning rate is too high: {how}, and little has been learned.",
                "Lower the learning rate (`trainlab lr-range` finds one); a warmup or clipping helps the first steps.",
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
        """Whether little has been learned, or at the end less than a simple rule knows."""
        return view.progress <= self.learned or view.behind > self.margin
