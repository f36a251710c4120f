"""oscillating-loss: the loss oscillates instead of falling."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose._patches import shorter_memory
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class OscillatingLoss(Monitor, name="oscillating-loss"):
    """The training loss of whole epochs goes up and down by large amounts: the steps overshoot back and forth.

    Measured on the training losses of the last 10 epochs. They are means over many batches, so the noise of small
    batches does not count. At least 3 rises are larger than a quarter of the loss and than a twentieth of the loss
    at chance, while after 30 % of the run the network has covered less than 30 % of the way. The loss of a network
    that has learned may jump near zero.

    Do: Lower the learning rate or the momentum, use larger batches, or let the rate fall over the run.

    Picture:

        loss of whole epochs
         |   .   .     .
         | .: : : :   : :   .
         |'    '   '.'   '.:
         +------------------- epoch

    Source: AUTOTRAINER (Zhang et al. 2021), "oscillating loss"; CS231n, "Babysitting the learning process".
    """

    when: ClassVar[tuple[When, ...]] = ("epoch",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = (
        "momentum-too-high",
        "bad-schedule",
        "lr-too-high",
        "exploding-loss",
    )

    window: Count = setting(10, "number of epochs that are checked")
    rise: float = setting(0.25, "rise from one epoch to the next that counts", gt=0)
    times: Count = setting(3, "rises that are too many")

    def inspect(self, view: View) -> Iterable[Finding]:
        """After ten epochs, while little has been learned."""
        if view.epoch < max(self.window, view.warmup + 5, 0.3 * view.epochs) or view.progress > 0.3:
            return
        losses = view.curves["train_loss"][-self.window :]
        if not np.isfinite(losses).all():
            return
        before, after = losses[:-1], losses[1:]
        rises = int(np.sum((after > (1 + self.rise) * before) & (after - before > 0.05 * view.chance)))
        if rises >= self.times:
            yield self.finding(
                view,
                f"The training loss oscillates: it rose by more than {self.rise:.0%} {rises} times in the last "
                f"{self.window} epochs.",
                "Lower the learning rate or the momentum, or use larger batches.",
                evidence={"rises": rises, "losses": losses.tolist(), "threshold": self.times},
                patches=[*shorter_memory(view), *lower_lr(view)],
            )
