"""vanishing-gradient: almost no gradient reaches the first layers."""

from collections.abc import Iterable
from math import isfinite, nan
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._patches import activation, init, norm, shallower
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import LayerView, View


class VanishingGradient(Monitor, name="vanishing-gradient"):
    """The gradient shrinks from layer to layer during the backward pass. The first layers hardly learn, and the layers
    after them work on random features.

    Measured as the root mean square of each weight array's gradient. Before the first step, on the probe: the first
    layer's is below 1e-4 of the largest of the hidden layers. (The output layer does not count: if it starts at
    zero, it holds the others back for one step only.) After a fifth of the run, on the last batch, while little has
    been learned: below 1e-3, or zero everywhere. In healthy networks the layers are within a factor of 100.

    Do: Use relu with he init instead of sigmoid, norm layers, residual layers, or fewer layers.

    Picture:

        gradient of each layer's weights
        layer 1 .               hardly learns
        layer 2 ##
        layer 3 #######
        layer 4 ################  nearest to the loss

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks";
    AUTOTRAINER (Zhang et al. 2021), ratio of the first to the last layer below 1e-3.
    """

    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
    )
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = (
        "symmetric-init",
        "constant-feature",
        "tiny-input",
        "signal-collapse",
        "dead-relu",
        "saturated-activation",
        "lr-too-high",
        "exploding-loss",
    )

    share: float = setting(1e-3, "gradient of the first layer, relative to the largest, that has vanished", gt=0, lt=1)
    learned: float = setting(0.1, "progress from chance (0) to perfect (1) that ends the check", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and after an epoch while little has been learned."""
        if view.probe is not None and view.probe.deep and not view.step:
            sizes = {w.layer: w.relative for w in view.probe.weights[:-1] if not w.frozen}
        elif view.step >= 50 and view.epoch >= max(2.0, 0.2 * view.epochs) and view.progress < self.learned:
            sizes = {layer.name: size for layer in view.layers if (size := _size(layer)) is not None}
            if not view.layers and view.probe is not None:  # another program's network
                sizes = {w.layer: w.relative for w in view.probe.weights if not w.frozen}
        else:
            return
        largest = max(sizes.values(), default=nan)
        first = next(iter(sizes), "")
        if len(sizes) < 2 or not isfinite(largest):
            return
        if not largest and not view.step:
            return
        share = sizes[first] / largest if largest else 0.0
        if share < (self.share if view.step else self.share / 10):
            what = f"{share:.1g} of the largest" if largest else "zero, as in every layer"
            yield self.finding(
                view,
                f"The gradient of {first} is {what}: almost no error signal arrives there.",
                "Use relu with he init instead of sigmoid, a batch norm, residual layers, or fewer layers.",
                evidence={"gradients": sizes, "share": share, "threshold": self.share},
                layer=first,
                patches=_patches(view),
            )


def _size(layer: LayerView) -> float | None:
    """Root mean square of the gradient of a layer's trained weights."""
    gradient = layer.slot.g.get("W")
    if gradient is None or "W" not in layer.step:
        return None
    return float(np.vdot(gradient, gradient)) ** 0.5 / gradient.size**0.5


def _patches(view: View) -> list[dict[str, Any]]:
    """Relu instead of sigmoid and tanh, then a norm, the right init, fewer layers."""
    kinds = {part.layer.name for part in view.structure.parts} if view.structure is not None else set[str]()
    steep = activation(view, "relu") if kinds & {"sigmoid", "tanh"} else []
    return [*steep, *norm(view), *init(view), *shallower(view)]
