"""A distribution says which values a setting may take in a sweep, and how often.

Every distribution is a map from the unit interval, so a strategy chooses points of the unit cube and knows nothing of
what is searched. To add one, write one class in one file of `trainlab/lab/sweep/distributions`.
"""

from abc import abstractmethod
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trainlab.core.component import Component, find

N = TypeVar("N", int, float)


class Distribution(Component, kind="distribution", rooms=("trainlab.lab.sweep.distributions",)):
    """From a number in [0, 1), a value of a setting."""

    @abstractmethod
    def at(self, u: float) -> Any:
        """The value below which a share `u` of all draws lies; u in [0, 1)."""

    @abstractmethod
    def ends(self) -> list[Any]:
        """The values that are checked before the first trial: the least and the greatest, or all where there is no order."""

    @abstractmethod
    def position(self, value: Any) -> float | None:
        """Where a value lies between the least (0) and the greatest (1), in the range's own scale; None without order."""

    @abstractmethod
    def beyond(self, *, high: bool) -> str | None:
        """The range to try next when the best value lies at an end, as one would type it; None without order."""


def ordered(ends: list[N]) -> list[N]:
    """Two ends, the first below the second; anything else is refused."""
    if not ends[0] < ends[1]:
        raise PydanticCustomError(
            "range", "expected [low, high] with low < high, found {found}", {"found": f"[{ends[0]}, {ends[1]}]"}
        )
    return ends


Ends = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(ordered)]
WholeEnds = Annotated[list[int], Field(min_length=2, max_length=2), AfterValidator(ordered)]


def headed(value: object) -> object:
    """`{int: [16, 256], log: true}` as `{name: int, range: [16, 256], log: true}`; any other value as it is.

    >>> headed({"int": [16, 256], "log": True})
    {'name': 'int', 'range': [16, 256], 'log': True}
    """
    if not isinstance(value, dict):
        return value
    table = cast("dict[str, Any]", value)
    if "name" in table or len(table) < 2:
        return value
    for key, first in table.items():
        found = find(Distribution, key) if isinstance(first, list) else None
        if found is not None:
            return {"name": key, found.first: first, **{k: v for k, v in table.items() if k != key}}
    return value
