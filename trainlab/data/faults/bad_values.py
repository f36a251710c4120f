"""Bad values: cells that are not a number."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import floats, with_train, with_x


class BadValues(Fault, name="bad_values"):
    """So many cells of the training x become NaN: one is enough to make every weight NaN in one step."""

    count: Count = setting(1, "number of cells")

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """NaN in training; validation and test stay finite."""
        x = floats(split.train)
        x.reshape(-1)[rng.choice(x.size, size=min(self.count, x.size), replace=False)] = np.nan
        return with_train(split, with_x(split.train, x))
