"""signal-collapse: the signal dies on its way through the layers."""

from collections.abc import Iterable
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import activation, init, norm, shallower
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class SignalCollapse(Monitor, name="signal-collapse"):
    """From layer to layer the outputs differ less from row to row, until the last ones are the same for every row:
    nothing of the input arrives, and no gradient comes back.

    Measured before the first step, in training mode: a unit's standard deviation from row to row, root mean square over
    the units, of each activation layer against that of the inputs. Good inits keep it near 1; four sigmoid layers bring
    it to 1e-3 and can still be trained, so the alarm is at 1e-4 of the inputs' spread. Layers of exactly equal outputs
    are the extreme case.

    Do: Use an init that keeps the signal's width (he for relu, xavier for tanh, lsuv measures it), norm layers, or
    fewer layers.

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

    share: float = setting(1e-4, "spread of a layer, as a share of the inputs', that is a collapse", gt=0, lt=1)

    def look(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        probe = view.probe
        if probe is None or not probe.input_spread > 0:
            return
        weak = [layer for layer in probe.hidden if layer.spread < self.share * probe.input_spread]
        if weak:
            first = weak[0]
            yield self.finding(
                view,
                f"After {first.name} the signal is {first.spread / probe.input_spread:.1g} times as wide as at the "
                "input: for every row nearly the same comes out.",
                "Use an init that keeps the signal (he, xavier, lsuv), a batch norm, or fewer sigmoid layers.",
                evidence={"spreads": {layer.name: layer.spread for layer in probe.hidden}, "threshold": self.share},
                layer=first.name,
                patches=self._patches(first.kind, view),
            )

    def _patches(self, kind: str, view: View) -> list[dict[str, Any]]:
        """What keeps the signal: relu for sigmoid, then the right init, then a norm."""
        steep = activation(view, "relu") if kind == "sigmoid" else []
        return [*steep, *init(view), *norm(view), *shallower(view)]
