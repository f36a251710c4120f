"""A fault damages a data set on purpose, seeded: to study what it does, or to test the monitors.

To add one, write one class in one file of `trainlab/data/faults`.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Task
from trainlab.data.dataset import Rows


@dataclass(frozen=True, slots=True)
class Split:
    """The raw parts that a fault may damage, before preprocessing. `sorted`: the training order is not shuffled.
    `skip`: parts ("val") that go without preprocessing.
    """

    train: Rows
    val: Rows | None
    test: Rows | None
    task: Task
    sorted: bool = False
    skip: tuple[str, ...] = ()


class Fault(Component, kind="fault", rooms=("trainlab.data.faults",)):
    """Parts in, damaged parts out; the input is left as it was."""

    @abstractmethod
    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """The damaged parts."""
