"""The few types that every floor shares: arrays, shapes, and the task of a data set."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

Array = NDArray[Any]
Floats = NDArray[np.floating[Any]]
Count = Annotated[int, Field(ge=1)]  # at least one of something
Shape = tuple[int, ...]  # without the batch axis: (features,) for rows, (height, width, channels) for images


@dataclass(frozen=True, slots=True)
class Task:
    """The kind of targets: `outputs` classes to tell apart, or `outputs` numbers to predict.

    `names` holds the class names (classification) or the target columns (regression), one per output.
    """

    kind: Literal["classification", "regression"]
    outputs: int
    names: tuple[str, ...] = ()
