"""Whole numbers, uniform or log-uniform."""

import math
from collections.abc import Sequence
from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.search.distribution import BELOW_ONE, Distribution, WholeEnds, narrowed


class Int(Distribution, name="int"):
    """A whole number from low to high, both included; with `log`, equal ratios are equally likely.

    For counts: layers, units, rows per batch. With `log`, the probability of k is proportional to
    log((k + 1/2) / (k - 1/2)), the share of log-uniform numbers that round to k.

    >>> Int(range=[1, 3]).at(0.5), Int(range=[16, 256], log=True).at(0.5)
    (2, 63)
    """

    range: WholeEnds = setting("[low, high], both included")
    log: bool = setting(False, "equal ratios are equally likely: 16 to 32 as often as 128 to 256")

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.log and self.range[0] < 1:
            raise PydanticCustomError("range", "a log range starts above 0, found {low}", {"low": self.range[0]})
        return self

    def at(self, u: float) -> int:
        """The number whose part of [0, 1) contains u."""
        low, high = self.range
        if not self.log:
            return low + int(u * (high - low + 1))
        a, b = math.log(low - 0.5), math.log(high + 0.5)
        return min(max(math.floor(math.exp(a + u * (b - a)) + 0.5), low), high)

    def share(self, value: int) -> float:
        """The middle of the number's part of [0, 1)."""
        low, high = self.range
        if not self.log:
            u = (value - low + 0.5) / (high - low + 1)
        else:
            u = math.log(value / (low - 0.5)) / math.log((high + 0.5) / (low - 0.5))
        return min(max(u, 0.0), BELOW_ONE)

    def ends(self) -> list[int]:
        """Low and high."""
        return list(self.range)

    def position(self, value: int) -> float:
        """Its place between low (0) and high (1)."""
        low, high = self.range
        if self.log:
            return math.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)

    def beyond(self, *, high: bool) -> "Int | None":
        """The range moved by half its length; None if there are no such whole numbers."""
        low, top = self.range
        if self.log:
            shift = (top / low) ** (0.5 if high else -0.5)
            moved = [max(1, round(low * shift)), round(top * shift)]
        else:
            step = (top - low + 1) // 2 * (1 if high else -1)
            moved = [low + step, top + step]
        return self._with(moved) if moved[0] < moved[1] and moved != self.range else None

    def around(self, values: Sequence[int], *, grow: bool) -> "Int":
        """The range from a little below the smallest value to a little above the largest; with `log`, in ratios."""
        low, high = self.range
        places = narrowed([self.position(value) for value in values], grow=grow)
        ends = [low * (high / low) ** u if self.log else low + u * (high - low) for u in places]
        found = [math.floor(round(ends[0], 6)), math.ceil(round(ends[1], 6))]
        return self._with([max(1, found[0]) if self.log else found[0], found[1]])

    def count(self) -> int:
        """High - low + 1."""
        low, high = self.range
        return high - low + 1

    def _with(self, ends: list[int]) -> "Int":
        return Int(range=ends, log=self.log, when=self.when)
