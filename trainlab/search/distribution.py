"""A distribution says which values a setting may take in a sweep, and how often.

Every distribution is a map from the unit interval, so a strategy chooses points of the unit cube and knows nothing of
what is searched. To add one, write one class in one file of `trainlab/search/distributions`.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trainlab.core.component import Component, setting

N = TypeVar("N", int, float)

_NARROWEST = 0.1  # share of a range that is left at least when it is narrowed
BELOW_ONE = 1 - 2**-53  # the greatest u
_GROWN = 0.25  # of its length, beyond the end at which the best values lie
AT_END, NEAR_END = 0.95, 0.75  # where the best, and where most of the good ones lie, when they lie at an end


class Distribution(Component, kind="distribution", rooms=("trainlab.search.distributions",)):
    """From a number in [0, 1), a value of a setting."""

    beside: ClassVar[bool] = True

    when: dict[str, Any] = setting(
        {},
        "draw it only where these other settings have these values (or one of a list), such as {optimizer.name: sgd}; "
        "elsewhere the setting is as the config has it",
    )

    @abstractmethod
    def at(self, u: float) -> Any:
        """The value below which a share `u` of all draws lies; u in [0, 1)."""

    @abstractmethod
    def share(self, value: Any) -> float:
        """The u in [0, 1) whose value this is, but for rounding."""

    @abstractmethod
    def ends(self) -> list[Any]:
        """What is tried on the config before the first trial: the least and the greatest value, or all options."""

    @abstractmethod
    def position(self, value: Any) -> float | None:
        """Where a value lies between the least (0) and the greatest (1), in the range's own scale; None for options."""

    @abstractmethod
    def beyond(self, *, high: bool) -> Self | None:
        """The range to try next when the best values lie at this end: moved by half of itself, if any."""

    @abstractmethod
    def around(self, values: Sequence[Any], *, grow: bool) -> Self:
        """The part in which these values lie, the best of them being first.

        With `grow` it reaches beyond the end at which the best lies, together with most of the others.
        """

    @abstractmethod
    def count(self) -> int | None:
        """How many different values there are; None for as many as one likes."""


def ordered(ends: list[N]) -> list[N]:
    """Two ends, the first below the second; anything else is refused."""
    if not ends[0] < ends[1]:
        raise PydanticCustomError(
            "range", "expected [low, high] with low < high, found {found}", {"found": f"[{ends[0]}, {ends[1]}]"}
        )
    return ends


def at_end(places: Sequence[float], *, high: bool) -> bool:
    """Whether the first of these places in [0, 1] lies at this end, and most of them near it.

    >>> at_end([0.98, 0.9, 0.8, 0.3], high=True), at_end([0.98, 0.1, 0.2, 0.3], high=True)
    (True, False)
    """
    towards = [place if high else 1 - place for place in places]
    return towards[0] > AT_END and sum(place > NEAR_END for place in towards) > len(towards) / 2


def narrowed(places: Sequence[float], *, grow: bool) -> tuple[float, float]:
    """The part of [0, 1] around places in it: as far as they reach, and one mean gap further, where others may lie.

    >>> narrowed([0.5, 0.25, 0.75], grow=True), narrowed([1.0, 0.75, 0.875], grow=True)
    ((0.0, 1.0), (0.625, 1.25))
    """
    low, high = min(places), max(places)
    further = max((high - low) / max(1, len(places) - 1), (_NARROWEST - (high - low)) / 2)
    down = -_GROWN if grow and at_end(places, high=False) else max(0.0, low - further)
    up = 1 + _GROWN if grow and at_end(places, high=True) else min(1.0, high + further)
    return down, up


Ends = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(ordered)]
WholeEnds = Annotated[list[int], Field(min_length=2, max_length=2), AfterValidator(ordered)]
