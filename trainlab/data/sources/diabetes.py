"""Diabetes: how far the disease has gone a year later."""

from typing import ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._bundled import numbers


class Diabetes(Source, name="diabetes"):
    """442 patients, ten measurements in their own units, one number to predict: the disease's progress in a year.

    The target runs from 25 to 346, so it is scaled for training unless `scale_target` is turned off. The inputs are
    the raw ones (scikit-learn's `scaled=False`): standardize them. R2 of about 0.5 is all that is in them.

    Source: B. Efron, T. Hastie, I. Johnstone and R. Tibshirani 2004, "Least Angle Regression", as scikit-learn ships
    it.
    """

    first: ClassVar[str] = ""
    scale_target: bool | Literal["auto"] = setting(
        True, "train on (y - mean) / std of the training rows; predictions are scaled back to the target's own units"
    )

    def load(self, rng: np.random.Generator) -> Loaded:
        """All patients."""
        x = numbers("diabetes_data_raw.csv.gz", delimiter=" ")
        y = numbers("diabetes_target.csv.gz", delimiter=" ")
        features = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
        return Loaded(Rows(x, y, features), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Ten numbers, one target."""
        return (10,), Task("regression", 1, ("progression",))
