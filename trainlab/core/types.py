"""The few types that every floor shares: arrays, shapes, and the task of a data set."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainlab.core.scalars import MOST

Array = NDArray[Any]
Floats = NDArray[np.floating[Any]]
Count = Annotated[int, Field(ge=1, le=MOST)]  # at least one of something
TaskKind = Literal["classification", "multilabel", "regression"]
TaskName = Literal["auto", "classification", "multilabel", "ordinal", "regression"]  # as in a config
Shape = tuple[int, ...]  # without the batch axis: (features,) for rows, (height, width, channels) for images


@dataclass(frozen=True, slots=True)
class Task:
    """The kind of targets: `outputs` classes to tell apart, `outputs` labels of which a row may have several, or
    `outputs` numbers to predict.

    `names` holds the class names (classification), the labels (multilabel) or the target columns (regression), one per
    output. `ordered`: the classes are levels, from the lowest to the highest.
    """

    kind: TaskKind
    outputs: int
    names: tuple[str, ...] = ()
    ordered: bool = False

    @property
    def word(self) -> str:
        """What a user calls the task, and writes under `data.task`.

        >>> Task("classification", 5, ordered=True).word
        'ordinal'
        """
        return "ordinal" if self.ordered else self.kind
