"""collapse: what had been learned is lost again."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class Collapse(Monitor, name="collapse"):
    """The network had learned and is back at chance: a few steps have destroyed what it knew.

    Measured on the epochs, by the training loss and the scores, whichever tells of more: the network had covered
    `learned` of the way from chance to perfect, and in each of the last `epochs` epochs it has covered less than
    `left`. A loss that is not finite is reported as `diverged`.

    Do: Lower the learning rate, or let it fall over the run; clip the gradient (`train.clip_norm: 1`). Take the
    checkpoint of the best epoch.

    Picture:

        loss
        ln C|.          .--------  back at chance
            |'.         |
            |  '-.____..|          one long step
          0 +--------------------- epoch

    Source: Goodfellow et al. 2016, "Deep Learning", section 8.2.4, on cliffs: one step across a cliff undoes most of
    the work that had been done.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = ("momentum-too-high", "bad-schedule", "lr-too-high", "exploding-loss")
    unshown: ClassVar[str] = "whether and when a run collapses depends on the last bits of its numbers"

    learned: float = setting(0.4, "share of the way from chance (0) to perfect (1) that had been covered", gt=0, lt=1)
    left: float = setting(0.05, "share of it that is left", ge=0, lt=1)
    epochs: Count = setting(3, "epochs in a row that are back at chance")

    def inspect(self, view: View) -> Iterable[Finding]:
        """After an epoch, once one has been far better."""
        if len(view.curves) < self.epochs + 2 or view.progress > self.left:  # the usual case, decided fast
            return
        come = _come(view)
        if not np.isfinite(come[-self.epochs :]).all() or not (come[-self.epochs :] < self.left).all():
            return
        best = int(np.nanargmax(come))
        if come[best] >= self.learned:
            since = int(np.flatnonzero(~(come < self.left))[-1]) + 1
            yield self.finding(
                view,
                f"The network had learned (in epoch {best} it had covered {come[best]:.0%} of the way from chance to "
                f"perfect), and is back at chance since epoch {since}.",
                "Lower the learning rate or let it fall, and clip the gradient; the best epoch's weights are kept.",
                evidence={"best_epoch": best, "best": float(come[best]), "since": since, "now": float(come[-1])},
                patches=[*lower_lr(view), {"train.clip_norm": 1.0}],
            )


def _come(view: View) -> Array:
    """How far each epoch has come from chance (0) to perfect (1), by what tells of most; nan if nothing is finite."""
    curves, score = view.curves, view.curves.score
    known = [1.0 - curves["train_loss"] / view.chance] if view.chance > 0 else []
    if view.majority < 1:
        known += [(curves[f"{split}_{score}"] - view.majority) / (1 - view.majority) for split in ("train", "val")]
    rows = np.array(known)
    rows[:, 0] = 0.0  # before training
    return np.where(
        np.isfinite(rows).any(axis=0), np.nanmax(np.where(np.isfinite(rows), rows, -np.inf), axis=0), np.nan
    )
