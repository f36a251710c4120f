"""A distribution says which values a setting may take in a sweep, and how often.

Every distribution is a map from the unit interval, so a strategy chooses points of the unit cube and knows nothing of
what is searched. To add one, write one class in one file of `trainlab/lab/sweep/distributions`.
"""

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trainlab.core.component import Component

N = TypeVar("N", int, float)


class Distribution(Component, kind="distribution", rooms=("trainlab.lab.sweep.distributions",)):
    """From a number in [0, 1), a value of a setting."""

    beside: ClassVar[bool] = True

    @abstractmethod
    def at(self, u: float) -> Any:
        """The value below which a share `u` of all draws lies; u in [0, 1)."""

    @abstractmethod
    def ends(self) -> list[Any]:
        """What is tried on the config before the first trial: the least and the greatest value, or all options."""

    @abstractmethod
    def position(self, value: Any) -> float | None:
        """Where a value lies between the least (0) and the greatest (1), in the range's own scale; None for options."""

    @abstractmethod
    def beyond(self, *, high: bool) -> Self | None:
        """The range to try next when the best values lie at this end: moved by half of itself, if any."""


def ordered(ends: list[N]) -> list[N]:
    """Two ends, the first below the second; anything else is refused."""
    if not ends[0] < ends[1]:
        raise PydanticCustomError(
            "range", "expected [low, high] with low < high, found {found}", {"found": f"[{ends[0]}, {ends[1]}]"}
        )
    return ends


Ends = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(ordered)]
WholeEnds = Annotated[list[int], Field(min_length=2, max_length=2), AfterValidator(ordered)]
