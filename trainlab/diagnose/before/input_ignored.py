"""input-ignored: the outputs do not depend on the inputs."""

from collections.abc import Iterable
from math import isfinite
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import activation, init
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class InputIgnored(Monitor, name="input-ignored"):
    """The network gives the same output for every input, or its loss does not change when all inputs are zero: it
    ignores the inputs.

    Measured on the probe. Before the first step it is an error if the outputs are exactly equal for all rows
    (constant inputs, or a layer that is dead for every row). At the end, if little was learned, it is a warning if
    setting all inputs to zero changes the loss by at most `share` of the loss at chance.

    Do: Check that the inputs are not constant, that no layer is dead or saturated for every row, and that no layer
    scales the signal away.

    Picture:

        outputs for three different rows
        normal [2.1 -0.3] [0.2 1.8] [-1.0 0.4]
        faulty [0.1  0.1] [0.1 0.1] [ 0.1 0.1]

    Source: Karpathy 2019, "A Recipe for Training Neural Networks" (input-independent baseline).
    """

    when: ClassVar[tuple[When, ...]] = (
        "start",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("probe",)
    causes: ClassVar[tuple[str, ...]] = (
        "bad-values",
        "constant-feature",
        "symmetric-init",
        "signal-collapse",
        "dead-relu",
        "tiny-input",
        "lr-too-high",
        "exploding-loss",
        "over-regularized",
        "corrupt-labels",
        "lr-too-low",
        "vanishing-gradient",
    )

    share: float = setting(
        0.01, "difference of the losses, as a share of the loss at chance, that counts as none", gt=0, lt=1
    )
    learned: float = setting(
        0.1, "progress from chance (0) to perfect (1) below which it is checked at the end", gt=0, lt=1
    )

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step and after the last."""
        probe = view.probe
        if probe is None or not probe.layers:
            return
        last = probe.layers[-1]
        if not view.step and last.spread == 0 and any(w.norm > 0 for w in probe.weights[-1:]):
            yield self.finding(
                view,
                "The untrained network gives the same output for every row: its inputs do not reach the outputs.",
                "Look for constant inputs and for layers that are dead from the start.",
                evidence={"output_spread": last.spread, "input_spread": probe.input_spread},
                patches=[*init(view, output=True), *activation(view, "leaky_relu")] if probe.input_spread > 0 else [],
                severity="error",
            )
        same = abs(probe.zeroed_loss - probe.eval_loss) <= self.share * view.chance
        if view.step and view.progress < self.learned and isfinite(probe.eval_loss) and same:
            yield self.finding(
                view,
                f"The loss is {probe.eval_loss:.3g} with the inputs and {probe.zeroed_loss:.3g} with all inputs zero: "
                "the network ignores its inputs.",
                "Check that inputs and labels belong together, and that the signal passes through all layers.",
                evidence={"zeroed": probe.zeroed_loss, "loss": probe.eval_loss, "threshold": self.share},
            )
