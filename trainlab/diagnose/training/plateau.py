"""plateau: the loss has stopped falling well above zero."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import name_of, wider
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class Plateau(Monitor, name="plateau"):
    """The loss fell at first but has not fallen for a good part of the run, although much is left to learn.

    Measured on the epochs' training losses: the smallest of the last third of the run so far (at least 8 epochs) is
    less than 2 % below the smallest before, the network has covered between 10 % and 80 % of the way, and the
    learning rate is still above a hundredth of its peak. Its severity is info, because noisy labels look the same.

    Do: Let the learning rate fall now (schedule `plateau` or `step`), or raise it if it is small; then try a larger
    network. With noisy labels this may be the best that is possible.

    Picture:

        loss
         |'.
         |  '-.________________  no fall for a third of the run
         |
        0|
         +--------------------- epoch

    Source: CS231n, "Babysitting the learning process"; Prechelt 1998, "Early Stopping - But When?".
    """

    when: ClassVar[tuple[When, ...]] = ("epoch",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    severity: ClassVar[Severity] = "info"

    fall: float = setting(0.02, "relative fall of the loss that counts as none", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After an epoch, once half of the run is over."""
        if view.epoch < max(16.0, 0.5 * view.epochs) or not 0.1 < view.progress < 0.8:
            return
        losses, rates = view.curves["train_loss"][1:], view.curves["lr"][1:]
        if not np.isfinite(losses).all() or (np.isfinite(rates).all() and rates[-1] < 0.01 * rates.max()):
            return
        third = max(8, len(losses) // 3)
        best, before = float(losses[-third:].min()), float(losses[:-third].min())
        if best > (1 - self.fall) * before:
            yield self.finding(
                view,
                f"The training loss has not fallen for {third} epochs (best: {before:.3g} before, {best:.3g} since).",
                "Lower the learning rate now, or use more units; noisy labels set such a limit, too.",
                evidence={"before": before, "since": best, "epochs": third, "threshold": self.fall},
                patches=_patches(view),
            )


def _patches(view: View) -> list[dict[str, Any]]:
    """A falling rate, if it is constant; then more units."""
    constant = name_of(view.settings.get("schedule")) == "constant"
    return [*([{"schedule": {"name": "cosine"}}] if constant else []), *wider(view)]
