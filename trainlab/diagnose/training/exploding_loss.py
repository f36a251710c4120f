"""exploding-loss: the training loss climbs far above its start."""

from collections.abc import Iterable
from math import isfinite
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class ExplodingLoss(Monitor, name="exploding-loss"):
    """The training loss has climbed to a multiple of its start and of chance: each step makes it worse.

    Measured as the median of the last `window` steps, so that a single odd batch does not count, relative to the
    larger of the first steps' median and the loss at chance. A loss that began far above chance and falls is not
    reported. Neither is the loss of a network that classifies well: a few confident mistakes make a large loss.

    Do: Divide the learning rate by ten, or warm it up for an epoch; clip the gradient. Check that the inputs are
    scaled.

    Picture:

        loss
            |          ..:'
            |      ..''
        ln C|--.-''-------------- chance
            +------------------- steps: upwards

    Source: CS231n, "Babysitting the learning process"; a trial is not worth continuing at 3 times its starting
    loss.
    """

    when: ClassVar[tuple[When, ...]] = ("steps", "epoch")
    of_progress: ClassVar[bool] = True
    causes: ClassVar[tuple[str, ...]] = (
        *("bad-values", "unscaled-input", "unscaled-target", "outlier-input", "signal-explosion", "initial-loss"),
        *("momentum-too-high", "bad-schedule", "lr-too-high"),
    )
    severity: ClassVar[Severity] = "error"

    factor: float = setting(3.0, "how many times the starting loss is an explosion", gt=1)
    right: float = setting(
        0.5, "progress of the score from chance (0) to perfect (1) above which a large loss does no harm", gt=0
    )
    least: Count = setting(50, "steps before which it is not checked: the first ones may jump and recover")
    window: Count = setting(10, "steps whose median is compared")

    def inspect(self, view: View) -> Iterable[Finding]:
        """When the recent losses lie above `factor` times the start."""
        if len(view.steps) < max(self.least, 2 * self.window):
            return
        last = view.steps.tail("loss", self.window)
        if last.max() <= self.factor * view.chance:  # the usual case, decided fast
            return
        recent = _middle(last)
        start = max(_middle(view.steps["loss"][:5]), view.chance, view.zero_loss)
        if isfinite(recent) and recent > self.factor * start and view.progress < self.right:
            yield self.finding(
                view,
                f"The training loss has climbed to {recent:.3g}, {recent / start:.1f} times its start ({start:.3g}).",
                "Each step overshoots: lower the learning rate, or clip the gradient.",
                evidence={"loss": recent, "start": start, "factor": self.factor, "window": self.window},
                patches=[*lower_lr(view), {"train.clip_norm": 1.0}],
            )


def _middle(values: Array) -> float:
    """The median, the lower one of the middle two: one that was seen, though others may be infinite."""
    return float(np.sort(values)[(len(values) - 1) // 2])
