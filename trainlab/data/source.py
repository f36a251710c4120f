"""A source reads or makes the rows of an experiment; the other settings of `data:` process them.

To add one, write one class in one file of `trainlab/data/sources`.
"""

from abc import abstractmethod
from typing import Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import Component, Settings, setting
from trainlab.core.types import Shape, Task
from trainlab.data.augmentation import Augmentation
from trainlab.data.dataset import Loaded
from trainlab.data.fault import Fault
from trainlab.data.preprocessor import Preprocessor


class SplitSettings(Settings):
    """The share of the rows for validation and for the test (a source's own test rows replace the latter).

    Rows of one group stay together, and rows with a time are split in its order, where the source knows of either.
    With folds, the same test rows are put aside for each of them; rows with a time are validated on later ones only.
    """

    val: float = setting(0.15, "share of the rows for validation", ge=0, lt=1)
    test: float = setting(0.15, "share of the rows for the test", ge=0, lt=1)
    stratify: bool = setting(True, "keep each class's share equal in all parts (classification)")
    folds: int | None = setting(
        None,
        "cross-validation: so many folds of what is no test row; one of them takes the place of `val`",
        ge=2,
    )
    fold: int | None = setting(None, "which of the folds is for validation, counted from 1", ge=1)

    @model_validator(mode="after")
    def _leaves_rows(self) -> Self:
        if self.val + self.test >= 1:
            raise PydanticCustomError(
                "shares",
                "val and test together must be less than 1, so that rows are left to train on; found {val} + {test}",
                {"val": self.val, "test": self.test},
            )
        if (self.folds is None) != (self.fold is None):
            raise PydanticCustomError(
                "folds", "`folds` and `fold` belong together: of 5 folds, fold 1 trains on the other four"
            )
        if self.folds is not None and self.fold is not None and self.fold > self.folds:
            raise PydanticCustomError(
                "folds", "there is no fold {fold} of {folds}", {"fold": self.fold, "folds": self.folds}
            )
        return self

    @property
    def validates(self) -> bool:
        """Whether there are validation rows."""
        return self.val > 0 or self.folds is not None


class Source(Component, kind="data", rooms=("trainlab.data.sources",)):
    """Rows and their targets, and what is done with them before training."""

    split: SplitSettings = setting(SplitSettings(), "validation and test shares")
    seed: int | None = setting(
        None, "of all that is drawn about the data: generated rows, split, faults; null: the experiment's own", ge=0
    )
    preprocess: list[Preprocessor] = setting([], "in order, fitted on the training rows only")
    augment: list[Augmentation] = setting([], "random changes of training batches")
    faults: list[Fault] = setting([], "deliberate damage, to study it or to test the monitors")
    scale_target: bool | Literal["auto"] = setting(
        False,
        "train on (y - mean) / std of the training rows (regression); predictions are scaled back; auto: of numbers, "
        "not of classes",
    )

    @abstractmethod
    def load(self, rng: np.random.Generator) -> Loaded:
        """Read or make all rows. Raises DataError naming file, row and column."""

    def known(self) -> tuple[Shape, Task] | None:
        """Shape of a row and the task, if they are known without reading the data; otherwise None."""
        return None
