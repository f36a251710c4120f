"""signal-collapse: the signal fades from layer to layer."""

from collections.abc import Iterable
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import activation, init, norm, shallower
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class SignalCollapse(Monitor, name="signal-collapse"):
    """From layer to layer the outputs differ less between rows, until they are the same for every row. No information
    about the input arrives, and no gradient comes back.

    Measured before the first step, in training mode, for each activation layer: the standard deviation of a unit's
    output over the rows (root mean square over the units), relative to that of the inputs. A good init keeps it
    near 1. Four sigmoid layers bring it to 1e-3 and can still be trained, so the limit is 1e-4. Layers whose
    outputs are exactly equal are the extreme case.

    Do: Use an init that preserves the scale (he for relu, xavier for tanh; lsuv measures it), norm layers, or fewer
    layers.

    Picture:

        spread of each layer's outputs over rows
        input   ################
        layer 1 #######
        layer 2 ##
        layer 3 .              the same for every row

    Source: CS231n, "Weight initialization" (small random numbers: activations collapse); Glorot & Bengio 2010,
    "Understanding the difficulty of training deep feedforward neural networks".
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("probe",)
    causes: ClassVar[tuple[str, ...]] = (
        "constant-feature",
        "symmetric-init",
        "dead-relu",
    )

    share: float = setting(1e-4, "spread of a layer's outputs, relative to the inputs', that is a collapse", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        probe = view.probe
        if probe is None or not probe.input_spread > 0:
            return
        weak = [layer for layer in probe.hidden if layer.spread < self.share * probe.input_spread]
        if weak:
            first = weak[0]
            yield self.finding(
                view,
                f"The outputs of {first.name} vary {first.spread / probe.input_spread:.1g} times as much between rows "
                "as the inputs do: they are nearly the same for every row.",
                "Use an init that preserves the scale (he, xavier, lsuv), a batch norm, or fewer sigmoid layers.",
                evidence={"spreads": {layer.name: layer.spread for layer in probe.hidden}, "threshold": self.share},
                layer=first.name,
                patches=self._patches(first.kind, view),
            )

    def _patches(self, kind: str, view: View) -> list[dict[str, Any]]:
        """What preserves the scale: relu for sigmoid, then the right init, then a norm."""
        steep = activation(view, "relu") if kind == "sigmoid" else []
        return [*steep, *init(view), *norm(view), *shallower(view)]
