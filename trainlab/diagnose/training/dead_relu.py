"""dead-relu: relu units that are always zero."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._causes import STUCK_AT_START, STUCK_IN_TRAINING
from trainlab.diagnose._patches import activation, init, model, norm, shallower
from trainlab.diagnose._words import named
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.probe import LayerProbe
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class DeadRelu(Monitor, name="dead-relu"):
    """Most relu units of a layer are zero for every row. No gradient passes through them, so they cannot recover.

    Measured on the probe, some 256 training rows: a unit is dead if it is zero for all of them. (The share of zeros
    alone means nothing: about half is healthy.) The limit is half of a layer's units, before the first step, and
    later while little has been learned; a network that has learned may do without many of its units.

    Do: If it happened while training, lower the learning rate. If it was so before the first step, start biases at
    zero and use he init. `leaky_relu`, `elu` or a batch norm before the relu keep a slope where relu has none.

    Picture:

        share of 256 rows for which a unit is not zero
        normal ###### ####  ##### ###     about half each
        dead   |    |    #    |    |      never: no gradient, no recovery

    Source: CS231n, "Neural Networks Part 1" (dying relu); Lu et al. 2020, "Dying ReLU and Initialization".
    """

    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("probe",)
    causes: ClassVar[tuple[str, ...]] = (*STUCK_AT_START, "initial-loss", *STUCK_IN_TRAINING)

    threshold: float = setting(0.5, "share of dead units in a layer from which on it is reported", gt=0, le=1)
    learned: float = setting(0.3, "progress from chance (0) to perfect (1) that ends the check", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and on probes while little has been learned."""
        probe = view.probe
        if probe is None or not isfinite(probe.input_spread) or (view.step and view.progress > self.learned):
            return
        dead = [layer for layer in probe.hidden if layer.dead >= self.threshold and layer.units > 1]
        if not dead:
            return
        worst = max(dead, key=lambda layer: layer.dead)
        since = "before the first step" if not view.step else f"after {view.epoch} epochs"
        yield self.finding(
            view,
            f"{worst.dead:.0%} of the {worst.units} units of {worst.name} are zero for all {probe.rows} training "
            f"rows of the probe {since}{f'; so are most of {named(_others(dead, worst))}' if len(dead) > 1 else ''}.",
            "Lower the learning rate, start biases at zero, or use leaky_relu; he init keeps more units alive.",
            evidence={
                "dead": {layer.name: layer.dead for layer in dead},
                "threshold": self.threshold,
                "window": probe.rows,
            },
            layer=worst.name,
            patches=self._patches(view),
        )

    def _patches(self, view: View) -> list[dict[str, Any]]:
        """A better start if units began dead, else shorter steps; then another activation, fewer layers, a norm."""
        biased = [{"model.bias_init": 0.0}] if not view.step and model(view).get("bias_init") else []
        start = [*biased, *(init(view) if not view.step else [])]
        return [
            *start,
            *(lower_lr(view) if view.step else []),
            *activation(view, "leaky_relu"),
            *shallower(view),
            *norm(view),
        ]


def _others(dead: list[LayerProbe], worst: LayerProbe) -> list[str]:
    return [layer.name for layer in dead if layer is not worst]
