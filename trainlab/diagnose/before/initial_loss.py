"""initial-loss: the untrained network is too confident."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import heavy_dropout, init, less_dropout, model, preprocess
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class InitialLoss(Monitor, name="initial-loss"):
    """The loss before the first update is far above that of a network whose outputs are all zero.

    Expected is about the loss of all-zero outputs: ln C for C classes (2.30 for ten), C - 1 for hinge, the mean
    square of the targets for mse. Far above it the outputs are too large from the start, because of the last layer's
    weights or of the inputs, and the first epochs only undo that. The loss is read from a probe of training rows before
    the first step, or on the first batch if there was no probe. Batch norm uses the statistics of these rows, because
    its running statistics mean nothing yet.

    From 4 times the expected loss on the severity is info (output layers with He init begin at 1.3 to 1.7 times ln C).
    With two classes 4 times is little in absolute terms, so the loss must also be 3 above. For a regression the limit
    is 10 times: outputs three times as wide as the targets. Adaptive optimizers tolerate this to some degree, so it is
    a warning only from `severe` times on, or if the loss is still above the expected one after a tenth of the run and
    50 steps.

    Do: Start the last layer with small weights (`model.output_init: {name: normal, std: 0.01}`) and scale the
    inputs; for a regression scale the targets, too.

    Picture:

        loss
         20 |.
            | '.        the first epochs only undo the start
        ln C|---'._------ where all-zero outputs begin
            +----------- steps

    Source: CS231n, "Sanity checks": look for the correct loss at chance performance.
    """

    when: ClassVar[tuple[When, ...]] = ("start", "epoch")
    of_progress: ClassVar[bool] = True
    causes: ClassVar[tuple[str, ...]] = ("unscaled-input", "outlier-input", "unscaled-target", "signal-explosion")

    factor: float = setting(4.0, "how many times the expected loss is reported as info", gt=1)
    severe: float = setting(15.0, "how many times the expected loss is a warning", gt=1)
    numbers: float = setting(10.0, "how many times the expected loss is reported as info, for a regression", gt=1)
    nats: float = setting(3.0, "for classes, how far above the expected loss it must be as well", ge=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step or at the first batch, and once more when the loss should have fallen."""
        if not view.zero_loss > 0:
            return
        probed = view.probe.loss if view.probe is not None and view.probe.deep and not view.step else None
        if probed is None and not len(view.steps["loss"]):
            return
        loss = float(view.steps["loss"][0]) if probed is None else probed
        times = loss / view.zero_loss
        if view.task.kind != "regression":
            high = times > self.factor and loss > view.zero_loss + self.nats
        else:
            high = times > self.numbers
        lasting = self._lasting(view)
        if isfinite(loss) and high and (not view.step or view.epoch <= 1 or lasting):
            noise = less_dropout(view) if heavy_dropout(view) else []
            still = f"; after {view.epoch} epochs it is still {view.curves['train_loss'][-1]:.3g}" if lasting else ""
            yield self.finding(
                view,
                f"The loss of the untrained network is {loss:.3g}, {times:.1f} times the {view.zero_loss:.3g} of "
                f"all-zero outputs{still}.",
                "Start the last layer with smaller weights, and check that the inputs are scaled.",
                evidence={"loss": loss, "expected": view.zero_loss, "chance": view.chance, "threshold": self.factor},
                patches=[*init(view, output=True), *noise, *self._quiet(view), *preprocess(view, "standardize")],
                severity="warning" if times > self.severe or lasting else "info",
            )

    def _quiet(self, view: View) -> list[dict[str, Any]]:
        """A last layer that starts with small weights, where it does not."""
        small = {"name": "normal", "std": 0.01}
        return [{"model.output_init": small}] if "output_init" in model(view) else []

    def _lasting(self, view: View) -> bool:
        """Whether neither loss nor score has improved after a tenth of the run."""
        if view.step < 50 or not 0.1 * view.epochs <= view.epoch <= 0.3 * view.epochs or not len(view.curves):
            return False
        return float(view.curves["train_loss"][-1]) > view.zero_loss and view.progress < 0.5
