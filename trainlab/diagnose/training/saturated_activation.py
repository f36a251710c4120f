"""saturated-activation: units stuck where the activation is flat."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._causes import STUCK_AT_START, STUCK_IN_TRAINING
from trainlab.diagnose._patches import activation, init, norm
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class SaturatedActivation(Monitor, name="saturated-activation"):
    """The units of a sigmoid or tanh layer are in the flat ends of the curve, where almost no gradient passes.

    Measured on the probe, as the share of a hidden layer's outputs beyond 0.99 (sigmoid: or below 0.01), where the
    slope is a few percent of its maximum. Before the first step the limit is half of the outputs; a good init gives
    a few percent. Later it is three quarters, if little has been learned after a fifth of the run; a trained
    network may well saturate.

    Do: Use xavier init, scale the inputs, or lower the learning rate; or use relu, which has only one flat side.

    Picture:

        outputs of a tanh layer
        normal  .:||||:.          stuck  |            |
                                         |            |
               -1   0   1               -1     0      1   all at the ends

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    section 3.
    """

    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("probe",)
    causes: ClassVar[tuple[str, ...]] = (*STUCK_AT_START, *STUCK_IN_TRAINING)

    start: float = setting(
        0.5, "share of saturated outputs in a layer before the first step that is too high", gt=0, lt=1
    )
    later: float = setting(0.75, "the same later", gt=0, lt=1)
    learned: float = setting(0.3, "progress from chance (0) to perfect (1) that ends the check", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and on probes while little has been learned."""
        probe = view.probe
        if probe is None or (view.step and (view.progress > self.learned or view.epoch < 0.2 * view.epochs)):
            return
        limit = self.later if view.step else self.start
        stuck = [layer for layer in probe.hidden if layer.saturated > limit]
        if stuck:
            worst = max(stuck, key=lambda layer: layer.saturated)
            yield self.finding(
                view,
                f"{worst.saturated:.0%} of the outputs of {worst.name} are in the flat ends of {worst.kind}.",
                "Scale the inputs, start with smaller weights (xavier), lower the learning rate, or use a batch norm.",
                evidence={"saturated": {layer.name: layer.saturated for layer in stuck}, "threshold": limit},
                layer=worst.name,
                patches=[*init(view), *lower_lr(view), *norm(view), *activation(view, "relu")],
            )
