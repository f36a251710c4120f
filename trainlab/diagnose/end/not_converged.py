"""not-converged: the training loss was still falling at the end."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import epochs
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class NotConverged(Monitor, name="not-converged"):
    """The training loss was still falling fast when the run ended: more epochs would help.

    Measured over the last fifth of the epochs (at least one): the loss fell by more than `fall` of its value and by
    more than a fiftieth of the loss at chance, and the schedule had not lowered the learning rate to almost zero.
    It is a warning if the network is also clearly behind a simple rule (see `no-better-than-baseline`) or has
    covered less than a third of the way; otherwise it is advice.

    Do: Train for more epochs (`train.epochs`), or with a higher learning rate; resume the run with
    `train.epochs=N`.

    Picture:

        loss
         |'.
         |  '-.
         |     '-.|  cut off while it falls
         +--------|- epoch

    Source: Goodfellow et al. 2016, "Deep Learning", section 11.4; Godbole et al. 2023, "Deep Learning Tuning
    Playbook".
    """

    when: ClassVar[tuple[When, ...]] = ("end",)
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = (
        "lr-too-low",
        "bad-schedule",
        "vanishing-gradient",
        "tiny-input",
        "unscaled-target",
    )

    fall: float = setting(0.1, "fall over the last fifth of the epochs that is still fast", gt=0, lt=1)
    enough: float = setting(0.9, "progress from chance (0) to perfect (1) above which it is not reported", gt=0, lt=1)
    margin: float = setting(0.1, "how far behind a simple rule makes it a warning", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        losses, rates = view.curves["train_loss"], view.curves["lr"]
        if len(losses) < 2 or not np.isfinite(losses).all() or not 0.02 < view.progress < self.enough:
            return
        back = max(1, (len(losses) - 1) // 5)
        before, last = float(losses[-1 - back]), float(losses[-1])
        rate = float(rates[-1] / rates.max()) if np.isfinite(rates).all() and rates.max() > 0 else 1.0
        if before - last > self.fall * before and before - last > 0.02 * view.chance and rate > 0.01:
            lost = view.behind > self.margin or view.progress < 0.33
            yield self.finding(
                view,
                f"The training loss was still falling when the run ended: from {before:.3g} to {last:.3g} in the last "
                f"{'epoch' if back == 1 else f'{back} epochs'}.",
                "Train for more epochs, or with a higher learning rate.",
                evidence={
                    "before": before,
                    "last": last,
                    "epochs": back,
                    "progress": view.progress,
                    "threshold": self.fall,
                },
                severity="warning" if lost else "info",
                patches=[*epochs(view, 3), *raise_lr(view)],
            )


def raise_lr(view: View) -> list[dict[str, float]]:
    """Three times the learning rate, where there is one."""
    return [{"optimizer.lr": float(f"{3 * view.lr:.2g}")}] if view.lr else []
