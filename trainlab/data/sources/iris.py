"""Iris: three kinds of flower, to be recognized by the size of their leaves."""

import numpy as np

from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded
from trainlab.data.source import Source
from trainlab.data.sources._bundled import classes, classification


class Iris(Source, name="iris"):
    """150 flowers of three kinds, four lengths in cm. One kind is easy to separate, the other two overlap a little.

    Source: R. A. Fisher 1936, "The use of multiple measurements in taxonomic problems", as scikit-learn ships it.
    """

    def load(self, rng: np.random.Generator) -> Loaded:
        """All flowers."""
        features = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
        return classes("iris.csv", features, self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Four numbers, three kinds."""
        return classification((4,), "setosa", "versicolor", "virginica")
