"""noisy-loss: the loss of single batches varies widely."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class NoisyLoss(Monitor, name="noisy-loss"):
    """The loss of single batches varies so much that many steps go in a wrong direction: the batches are too small for
    the learning rate.

    Measured over the steps of the last epoch (at most the last 512): their standard deviation exceeds their mean and
    half of the loss at chance, with batches of at most 16 rows. Its severity is info, because noise can also help, and
    a warning if the network is behind a simple rule.

    Do: Use larger batches, lower the learning rate, or let it fall towards the end (cosine).

    Picture:

        loss of single batches
         |  .  :   .   .:       varies as much as its mean
         |.: .. : . :.  . : .
         | '  '  '.' ' :  ' '.
         +------------------- steps

    Source: CS231n, "Babysitting the learning process": the wiggle of the loss is related to the batch size; Smith
    et al. 2018, "Don't Decay the Learning Rate, Increase the Batch Size".
    """

    when: ClassVar[tuple[When, ...]] = ("end",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = ("lr-too-high",)
    severity: ClassVar[Severity] = "info"

    batch: Count = setting(16, "largest batch size for which it is checked")

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        batch = int(view.settings.get("train", {}).get("batch_size") or 0)
        losses = view.steps.tail("loss", view.steps_per_epoch)
        if not 0 < batch <= self.batch or len(losses) < 20 or not np.isfinite(losses).all():
            return
        spread, mean = float(losses.std()), float(losses.mean())
        if spread > mean and spread > 0.5 * view.chance:
            yield self.finding(
                view,
                f"The loss of single batches varies by {spread:.2g} around {mean:.2g}, with {batch} rows per batch.",
                "Use larger batches, or a lower learning rate.",
                evidence={"spread": spread, "mean": mean, "batch_size": batch},
                severity="warning" if view.behind > 0.1 else "info",
                patches=[{"train.batch_size": 32}, *lower_lr(view)],
            )
