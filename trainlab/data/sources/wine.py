"""Wine: three growers, to be recognized by a chemical analysis of their wine."""

import numpy as np

from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded
from trainlab.data.source import Source
from trainlab.data.sources._bundled import classes, classification

_FEATURES = (
    "alcohol",
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "od280/od315_of_diluted_wines",
    "proline",
)


class Wine(Source, name="wine"):
    """178 wines of three growers, 13 measurements of very different size: standardize them.

    Source: S. Aeberhard and M. Forina 1992, "Wine", UCI, as scikit-learn ships it.
    """

    def load(self, rng: np.random.Generator) -> Loaded:
        """All wines."""
        return classes("wine_data.csv", _FEATURES, self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Thirteen numbers, three growers."""
        return classification((13,), "class_0", "class_1", "class_2")
