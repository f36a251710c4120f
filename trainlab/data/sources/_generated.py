"""What the generated sets share: the class of every row, and names."""

from typing import Annotated

import numpy as np
from pydantic import Field

from trainlab.core.types import Array, Task

Samples = Annotated[int, Field(ge=1, le=10_000_000)]  # rows of a toy; more would only fill memory


def class_of_each(samples: int, classes: int, rng: np.random.Generator) -> Array:
    """Class indices (samples,), equally many of each class up to one, in random order."""
    return rng.permutation(np.arange(samples, dtype=np.int64) % classes)


def numbered(features: int) -> tuple[str, ...]:
    """x1, x2, ...: names of generated columns."""
    return tuple(f"x{i + 1}" for i in range(features))


def named(classes: int) -> Task:
    """The task of telling classes apart that are called 0, 1, ..."""
    return Task("classification", classes, tuple(str(c) for c in range(classes)))
