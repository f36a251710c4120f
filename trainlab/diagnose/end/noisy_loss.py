"""noisy-loss: single batches say little."""

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
    """The loss of single batches scatters so much that a step often goes astray: the batch is small for the learning
    rate.

    Measured over the last epoch's steps (at most 256): their standard deviation is larger than their mean and than half
    of the loss at chance, with batches of at most 16 rows. Advice, as noise also helps; a warning if the network is
    behind a simple rule.

    Do: Take larger batches, lower the learning rate, or let it fall towards the end (cosine).

    Picture:

        loss of single batches
         |  .  :   .   .:       as wide as it is high
         |.: .. : . :.  . : .
         | '  '  '.' ' :  ' '.
         +------------------- steps

    Source: CS231n, "Babysitting the learning process": the wiggle of the loss is related to the batch size; Smith et
    al. 2018, "Don't Decay the Learning Rate, Increase the Batch Size".
    """

    when: ClassVar[tuple[When, ...]] = ("end",)
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = ("lr-too-high",)
    severity: ClassVar[Severity] = "info"

    batch: Count = setting(16, "rows a batch up to which this is looked for")

    def look(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        batch = int(view.settings.get("train", {}).get("batch_size") or 0)
        losses = view.steps.tail("loss", view.steps_per_epoch)
        if not 0 < batch <= self.batch or len(losses) < 20 or not np.isfinite(losses).all():
            return
        spread, mean = float(losses.std()), float(losses.mean())
        if spread > mean and spread > 0.5 * view.chance:
            yield self.finding(
                view,
                f"The loss of single batches scatters by {spread:.2g} around {mean:.2g}, with {batch} rows a batch.",
                "Take larger batches, or a lower learning rate.",
                evidence={"spread": spread, "mean": mean, "batch_size": batch},
                severity="warning" if view.behind > 0.1 else "info",
                patches=[{"train.batch_size": 32}, *lower_lr(view)],
            )
