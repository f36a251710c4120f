"""Scale: inputs a thousand times too big, or too small."""

import numpy as np

from trainlab.core.component import setting
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import everywhere, floats, with_x


class Scale(Fault, name="scale"):
    """x times a factor in all parts, before preprocessing (which may well repair it); 0 takes all inputs away."""

    factor: float = setting(100.0, "what x is multiplied with")

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Scaled inputs in training, validation and test."""
        return everywhere(split, lambda rows: with_x(rows, floats(rows) * self.factor))
