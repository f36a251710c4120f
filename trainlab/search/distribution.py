"""A distribution defines the values of a setting in a sweep and their probabilities.

Every distribution is a map from the unit interval, so a strategy chooses points of the unit cube and does not depend on
the settings that are searched. To add one, write one class in one file of `trainlab/search/distributions`.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trainlab.core.component import Component, setting

N = TypeVar("N", int, float)

_NARROWEST = 0.1  # least share of a range that remains when it is narrowed
BELOW_ONE = 1 - 2**-53  # the largest u
_GROWN = 0.25  # of the length: growth beyond the end at which the best values lie
AT_END, NEAR_END = 0.95, 0.75  # from here on the best value, and most good values, count as lying at the end


class Distribution(Component, kind="distribution", rooms=("trainlab.search.distributions",)):
    """Maps a number in [0, 1) to a value of a setting."""

    beside: ClassVar[bool] = True

    when: dict[str, Any] = setting(
        {},
        "draw it only if other settings have these values (or one of a list), such as {optimizer.name: sgd}; "
        "otherwise the setting keeps its value in the config",
    )

    @abstractmethod
    def at(self, u: float) -> Any:
        """The value below which a share `u` of all draws lies; u in [0, 1)."""

    @abstractmethod
    def share(self, value: Any) -> float:
        """The inverse of `at`, up to rounding: u in [0, 1)."""

    @abstractmethod
    def ends(self) -> list[Any]:
        """The values that are checked before the first trial: the smallest and the largest, or all options."""

    @abstractmethod
    def position(self, value: Any) -> float | None:
        """Place of a value between the smallest (0) and the largest (1), in the range's scale; None for options."""

    @abstractmethod
    def beyond(self, *, high: bool) -> Self | None:
        """The range to try next if the best values lie at this end: moved by half its length; None if there is none."""

    @abstractmethod
    def around(self, values: Sequence[Any], *, grow: bool) -> Self:
        """The range narrowed around values, the best one first.

        With `grow`, it extends beyond an end if the best value and most others lie at this end.
        """

    @abstractmethod
    def count(self) -> int | None:
        """The number of different values; None if it is unlimited."""


def ordered(ends: list[N]) -> list[N]:
    """Two ends. Raises an error unless the first is below the second."""
    if not ends[0] < ends[1]:
        raise PydanticCustomError(
            "range", "expected [low, high] with low < high, found {found}", {"found": f"[{ends[0]}, {ends[1]}]"}
        )
    return ends


def at_end(places: Sequence[float], *, high: bool) -> bool:
    """Whether the first place in [0, 1] lies at this end, and most places near it.

    >>> at_end([0.98, 0.9, 0.8, 0.3], high=True), at_end([0.98, 0.1, 0.2, 0.3], high=True)
    (True, False)
    """
    towards = [place if high else 1 - place for place in places]
    return towards[0] > AT_END and sum(place > NEAR_END for place in towards) > len(towards) / 2


def narrowed(places: Sequence[float], *, grow: bool) -> tuple[float, float]:
    """The interval of [0, 1] from the lowest place to the highest, extended by one mean gap on both sides.

    >>> narrowed([0.5, 0.25, 0.75], grow=True), narrowed([1.0, 0.75, 0.875], grow=True)
    ((0.0, 1.0), (0.625, 1.25))
    """
    low, high = min(places), max(places)
    further = max((high - low) / max(1, len(places) - 1), (_NARROWEST - (high - low)) / 2)
    down = -_GROWN if grow and at_end(places, high=False) else max(0.0, low - further)
    up = 1 + _GROWN if grow and at_end(places, high=True) else min(1.0, high + further)
    return down, up


End = Annotated[float, Field(ge=-1e30, le=1e30)]  # so that ranges have a width, and products of ends are finite
WholeEnd = Annotated[int, Field(ge=-(10**18), le=10**18)]
Ends = Annotated[list[End], Field(min_length=2, max_length=2), AfterValidator(ordered)]
WholeEnds = Annotated[list[WholeEnd], Field(min_length=2, max_length=2), AfterValidator(ordered)]
