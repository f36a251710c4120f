"""cannot-overfit: the network cannot fit even a few rows."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import activation, bare_output, init, wider
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class CannotOverfit(Monitor, name="cannot-overfit"):
    """After hundreds of steps on a few rows, without regularization, the loss is still far from zero. Something in the
    network, the loss or the labels prevents learning.

    Measured by `trainlab check` on a copy of the network: the loss on about 20 rows, relative to the loss at
    chance. Any network with more than a few units reaches a hundredth of it; above a tenth something is broken.

    Do: Make the network larger first. If a large network cannot fit 20 rows either, look for a layer that passes no
    gradient, a loss that does not fit the outputs, or equal rows with different targets.

    Picture:

        loss, 20 rows
        ln C |-------------------- faulty: stays near chance
             |'.
           0 |  '._________________ normal: about zero
             +-------------------- steps

    Source: CS231n, "Sanity checks": overfit a tiny subset of data; Karpathy 2019, "A Recipe for Training Neural
    Networks".
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("tiny",)
    causes: ClassVar[tuple[str, ...]] = (
        "symmetric-init",
        "signal-collapse",
        "signal-explosion",
        "dead-relu",
        "saturated-activation",
        "output-range",
        "missing-nonlinearity",
        "constant-feature",
    )

    share: float = setting(0.1, "share of the loss at chance that must be reached", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After `check` has trained the copy."""
        tiny = view.tiny
        if tiny is not None and tiny.chance > 0 and not tiny.loss <= self.share * tiny.chance:
            yield self.finding(
                view,
                f"After {tiny.steps} steps on {tiny.rows} rows, without regularization, the loss is {tiny.loss:.3g} "
                f"({tiny.chance:.3g} at chance): the network cannot fit them.",
                "Look for dead layers, equal rows with different labels, an output that cannot reach the targets' "
                "values, or too few units.",
                evidence={"loss": tiny.loss, "chance": tiny.chance, "rows": tiny.rows, "threshold": self.share},
                patches=[*wider(view), *bare_output(view), *init(view, output=True), *activation(view, "relu")],
            )
