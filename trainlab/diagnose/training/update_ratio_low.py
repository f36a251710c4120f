"""update-ratio-low: steps that are short relative to the weights."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import higher_lr
from trainlab.diagnose.view import View


class UpdateRatioLow(Monitor, name="update-ratio-low"):
    """A step changes the weights by less than 1e-5 of their size, although much is left to learn.

    Measured as the median over the last epoch, in the first 80 % of the run, while the network has covered less
    than half of the way. Its severity is info: `lr-too-low` reports whether the steps are too short for the run.

    Do: Raise the learning rate, if the loss still has far to fall.

    Picture:

        step / weights, log scale
         1e-3|- - - - - - -   usual
         1e-5|...--..__..--.  here
             +--------------- steps

    Source: CS231n, "Babysitting the learning process": the ratio of updates to weights should be about 1e-3.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch",)
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = ("lr-too-low",)
    severity: ClassVar[Severity] = "info"

    ratio: float = setting(1e-5, "median step, relative to the weights", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After an epoch, once the first ones and the warmup are over."""
        if not max(3.0, view.warmup + 2) <= view.epoch < 0.8 * view.epochs or view.progress > 0.5:
            return
        ratio = float(median(view.steps.tail("update_ratio", view.steps_per_epoch)))
        if 0 < ratio < self.ratio:
            yield self.finding(
                view,
                f"A typical step changes the weights by {ratio:.1g} of their size; 0.001 is usual.",
                "Try a higher learning rate.",
                evidence={"ratio": ratio, "threshold": self.ratio},
                patches=higher_lr(view, ratio),
            )
