"""Target scale: targets a thousand times too big, or too small."""

import numpy as np

from trainlab.core.component import setting
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import everywhere, need, with_y


class TargetScale(Fault, name="target_scale"):
    """y times a factor in all parts of a regression: gradients grow with its square.

    `scale_target: true` repairs it, since it is applied afterwards.
    """

    factor: float = setting(1000.0, "what y is multiplied with")

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Scaled targets in training, validation and test."""
        need(self.name, split, "regression")
        return everywhere(split, lambda rows: with_y(rows, rows.y * self.factor))
