"""diverged: the loss or the gradient is no longer finite."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class Diverged(Monitor, name="diverged"):
    """The loss, a weight or a gradient has become nan or infinite. From here on the run computes nothing useful.

    Measured at every step on the loss and the gradient norm; the step that would carry the nan into the weights is
    not taken. The finding names the first place in the order of computation that is not finite, and its evidence
    holds the steps before. If the input itself is not finite, the data are the cause; otherwise the steps were too
    long.

    Do: Divide the learning rate by ten, clip the gradient (`train.clip_norm: 1`), and check that inputs and targets
    are of size about 1. The evidence lists loss, learning rate and gradient norm of the steps just before.

    Picture:

        loss
             |            : nan
             |           .'
             |  ._...--''
             +------------- steps: climbs, jumps, nan

    Source: CS231n, "Babysitting the learning process": a cost of nan almost always means too high a learning rate.
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("steps", "epoch")
    causes: ClassVar[tuple[str, ...]] = (
        *("bad-values", "unscaled-input", "unscaled-target", "outlier-input", "signal-explosion", "initial-loss"),
        *("momentum-too-high", "bad-schedule", "lr-too-high", "exploding-loss"),
    )
    severity: ClassVar[Severity] = "error"

    history: Count = setting(5, "number of earlier steps in the evidence")

    def inspect(self, view: View) -> Iterable[Finding]:
        """At the first loss or gradient that is not finite."""
        losses, norms = view.steps.tail("loss", view.fresh), view.steps.tail("grad_norm", view.fresh)
        finite = np.isfinite(losses) & np.isfinite(norms)
        if len(view.steps) and finite.all():  # the usual case, decided fast
            return
        bad = np.flatnonzero(~finite)
        epochs = view.curves["train_loss"] if not len(view.steps) else np.empty(0)
        if not len(bad) and np.isfinite(epochs).all():
            return
        back = len(losses) - 1 - int(bad[0]) if len(bad) else 0
        step = view.steps.step_of(back) if len(bad) else 0
        evidence: dict[str, Any] = {"step": step, "where": view.broken}
        if step:
            ago = back + 1
            before = {c: view.steps.tail(c, ago + self.history)[:-ago] for c in view.steps.columns}
            evidence |= {c: [float(v) for v in values] for c, values in before.items()}
        if view.broken == "input":
            yield self.finding(
                view,
                f"The input of step {step} has values that are not finite.",
                "Find and repair them in the data; no setting of the network can.",
                evidence=evidence,
            )
            return
        where = f", first in {view.broken}" if view.broken else ""
        at = f"step {step}" if step else f"epoch {view.epoch}"
        yield self.finding(
            view,
            f"At {at} the loss or its gradient is no longer finite{where}.",
            "The steps were too long: lower the learning rate, or clip the gradient.",
            evidence=evidence,
            layer=view.broken.split(".")[0].removeprefix("gradient of ") if view.broken else None,
            patches=[*lower_lr(view), {"train.clip_norm": 1.0}] if step else [],
        )
