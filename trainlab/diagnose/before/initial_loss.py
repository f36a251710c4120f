"""initial-loss: the untrained network is surer of itself than it can be."""

from collections.abc import Iterable
from math import isfinite
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose.diagnosis import Diagnosis
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class InitialLoss(Monitor, name="initial-loss"):
    """The first batch's loss, before any update, is far from that of a network that does not commit itself.

    Expected is about the loss of all-zero outputs: ln C for C classes (2.30 for ten), C - 1 for hinge, the mean square
    of the targets for mse. Far above it the outputs are large from the start: the last layer's weights or the inputs
    are too large, and the first epochs go into undoing that. It is read from a probe of training rows before the first
    step, or from the first batch where nobody probed; batch norm uses the rows' own statistics there: running ones mean
    nothing yet.

    The default factor 4 leaves room for He-scaled output layers, which begin at 1.3 to 1.7 times ln C; with two classes
    that is little in absolute terms, so the loss must also be 3 above (the right class at a twentieth of its share).

    Source: CS231n, "Sanity checks": look for the correct loss at chance performance.
    """

    when: ClassVar[tuple[When, ...]] = ("start", "epoch")
    causes: ClassVar[tuple[str, ...]] = ("unscaled-input", "outlier-input", "unscaled-target", "signal-explosion")

    factor: float = setting(4.0, "how many times the expected loss is too much", gt=1)

    nats: float = setting(3.0, "for classes, how far above the expected loss it must be", ge=0)

    def look(self, view: View) -> Iterable[Diagnosis]:
        """Before the first step, or at the first batch."""
        if not view.zero_loss > 0 or view.epoch > 1:
            return
        probed = view.probe is not None and view.probe.deep and not view.step
        if not probed and not len(view.steps["loss"]):
            return
        loss = view.probe.loss if view.probe is not None and probed else float(view.steps["loss"][0])
        least = view.zero_loss + (self.nats if view.task.kind == "classification" else 0.0)
        if isfinite(loss) and loss > max(least, self.factor * view.zero_loss):
            yield self.finding(
                view,
                f"The loss of the untrained network is {loss:.3g}, {loss / view.zero_loss:.1f} times the "
                f"{view.zero_loss:.3g} of a network that does not commit itself.",
                "Start the last layer with smaller weights, and check that the inputs are scaled.",
                evidence={"loss": loss, "expected": view.zero_loss, "chance": view.chance, "threshold": self.factor},
                patches=[
                    {"model.output_init": {"name": "normal", "std": 0.01}},
                    {"data.preprocess": [{"name": "standardize"}]},
                ],
            )
