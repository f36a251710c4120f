"""signal-explosion: the signal grows from layer to layer."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import init, norm
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class SignalExplosion(Monitor, name="signal-explosion"):
    """The outputs grow from layer to layer. The first loss is huge, saturating units do not learn, and gradients
    explode.

    Measured before the first step, in training mode: the spread of a layer's outputs over the rows, relative to
    that of the inputs. A good init keeps it near 1, and a residual network without norm layers may reach 10 to 50;
    the limit is 100.

    Do: Use he or xavier init, whose scale falls with the number of inputs, add norm layers, or scale the inputs.

    Picture:

        spread of each layer's outputs over rows
        input   #
        layer 1 ####
        layer 2 ################
        layer 3 ################################ ...

    Source: CS231n, "Weight initialization"; He et al. 2015, "Delving Deep into Rectifiers".
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("probe",)

    factor: float = setting(100.0, "spread of a layer's outputs, relative to the inputs', that is an explosion", gt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        probe = view.probe
        if probe is None or not probe.input_spread > 0:
            return
        loud = [layer for layer in probe.layers if not layer.spread <= self.factor * probe.input_spread]
        if loud:
            first = loud[0]
            yield self.finding(
                view,
                f"The outputs of {first.name} vary {first.spread / probe.input_spread:.0f} times as much between rows "
                f"as the inputs do, those of the last layer {probe.layers[-1].spread / probe.input_spread:.3g} times.",
                "Use an init that preserves the scale (he, xavier, lsuv), or a batch norm.",
                evidence={"spreads": {layer.name: layer.spread for layer in probe.layers}, "threshold": self.factor},
                layer=first.name,
                patches=[*init(view, output=True), *norm(view)],
            )
