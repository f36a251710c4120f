"""A plugin: an activation of one's own, used by plugin.yaml. docs/plugins.md has an example of each kind."""

import numpy as np

from trainlab.core.component import setting
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot


class Bent(Activation, name="bent"):
    """y = x + bend (sqrt(x^2 + 1) - 1): bends upwards and is never flat."""

    bend: float = setting(0.5, "how strongly it bends", ge=0, lt=1, search={"uniform": [0.0, 0.9]})

    def forward(self, s: Slot) -> None:
        """Write y."""
        s.y[...] = s.x + self.bend * (np.sqrt(s.x**2 + 1) - 1)

    def backward(self, s: Slot) -> None:
        """Write dx."""
        if s.dx is not None:
            s.dx[...] = s.dy * (1 + self.bend * s.x / np.sqrt(s.x**2 + 1))
