"""update-ratio-high: steps that are long relative to the weights."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class UpdateRatioHigh(Monitor, name="update-ratio-high"):
    """A step changes the weights by more than a tenth of their size, which is close to too fast.

    Measured as the median over the last epoch. Its severity is info: `lr-too-high` reports whether it does harm.

    Do: Nothing, if the loss falls; otherwise lower the learning rate.

    Picture:

        step / weights, log scale
         1e-1|..-''--.-'--..  here
         1e-3|- - - - - - -   usual
             +--------------- steps

    Source: CS231n, "Babysitting the learning process": the ratio of updates to weights should be about 1e-3.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch",)
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = ("lr-too-high",)
    severity: ClassVar[Severity] = "info"

    ratio: float = setting(0.1, "median step, relative to the weights", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After an epoch, once the first ones and the warmup are over."""
        if view.epoch < max(3.0, view.warmup + 2) or view.step < 50:
            return
        ratio = float(median(view.steps.tail("update_ratio", view.steps_per_epoch)))
        if ratio > self.ratio:
            yield self.finding(
                view,
                f"A typical step changes the weights by {ratio:.2g} of their size; 0.001 is usual.",
                "Try a lower learning rate.",
                evidence={"ratio": ratio, "threshold": self.ratio},
                patches=lower_lr(view),
            )
