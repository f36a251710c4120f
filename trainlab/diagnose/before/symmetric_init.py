"""symmetric-init: all units of a layer start equal and stay equal."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose._patches import init
from trainlab.diagnose._words import named
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class SymmetricInit(Monitor, name="symmetric-init"):
    """All units of a hidden layer have the same weights and get the same gradient. They stay equal for ever, and the
    layer is worth one unit. Weights that all start at zero, or at one constant, cause this.

    Measured before the first step: a hidden layer's weight columns are equal, and so are the columns of their
    gradient (or the gradient is zero). If the weights are equal but the gradients differ, because the next layer is
    random, the units become different in the first step, but begin as one: that is a warning.

    Do: Start with random weights: `model.init: auto`. Biases may start at zero, weights may not.

    Picture:

        weights of a layer, a column per unit
        normal | .3 -.1  .7 |     equal | .1 .1 .1 |
               |-.5  .2 -.4 |           | .1 .1 .1 |   three units, one feature

    Source: CS231n, "Weight initialization" (pitfall: all zero initialization).
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("probe",)
    severity: ClassVar[Severity] = "error"

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        weights = [w for w in view.probe.weights if not w.frozen] if view.probe is not None else []
        alike, equal = [w.layer for w in weights if w.symmetric], [w.layer for w in weights if w.equal]
        if equal and not alike:
            yield self.finding(
                view,
                f"All units of {named(equal)} start with the same weights: they compute the same, and only small "
                "differences of their gradients tell them apart.",
                "Draw the weights at random: he init before relu, xavier before tanh and sigmoid.",
                evidence={"layers": equal},
                layer=equal[0],
                patches=init(view, output=True),
                severity="warning",
            )
        if alike:
            yield self.finding(
                view,
                f"All units of {named(alike)} have the same weights and the same gradient: they stay equal.",
                "Draw the weights at random: he init before relu, xavier before tanh and sigmoid.",
                evidence={"layers": alike},
                layer=alike[0],
                patches=init(view, output=True),
            )
