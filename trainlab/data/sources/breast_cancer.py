"""Breast cancer: tumours, to be classified by measurements of their cell nuclei."""

import numpy as np

from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded
from trainlab.data.source import Source
from trainlab.data.sources._bundled import classes, classification

_MEASURED = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)


class BreastCancer(Source, name="breast_cancer"):
    """569 tumours, malignant or benign; mean, error and worst value of ten measurements each: standardize them.

    Source: W. Wolberg, O. Mangasarian, N. Street and W. Street 1995, "Breast Cancer Wisconsin (Diagnostic)", UCI, as
    scikit-learn ships it.
    """

    def load(self, rng: np.random.Generator) -> Loaded:
        """All tumours."""
        patterns = ("mean {}", "{} error", "worst {}")
        features = tuple(pattern.format(name) for pattern in patterns for name in _MEASURED)
        return classes("breast_cancer.csv", features, self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Thirty numbers, two classes."""
        return classification((30,), "malignant", "benign")
