"""What uniform and log-uniform numbers have in common."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

from trainlab.core.component import setting
from trainlab.search.distribution import BELOW_ONE, Distribution, Ends, narrowed


class Interval(Distribution):
    """Numbers from low to high, uniform on some scale."""

    first: ClassVar[str] = "range"

    range: Ends = setting("[low, high]")

    @abstractmethod
    def position(self, value: float) -> float | None:
        """Place of a value between low (0) and high (1) on the scale."""

    @abstractmethod
    def value(self, position: float) -> float:
        """The inverse of `position`, rounded."""

    def share(self, value: float) -> float:
        """The position, inside [0, 1)."""
        return min(max(self.position(value) or 0.0, 0.0), BELOW_ONE)

    def ends(self) -> list[float]:
        """Low and high."""
        return list(self.range)

    def around(self, values: Sequence[float], *, grow: bool) -> Self:
        """The range from a little below the smallest value to a little above the largest, on the scale."""
        places = [self.position(value) for value in values]
        a, b = narrowed([place for place in places if place is not None], grow=grow)
        ends = [self.value(a), self.value(b)]
        return type(self)(range=ends, when=self.when) if ends[0] < ends[1] else self

    def count(self) -> None:
        """None: unlimited."""
