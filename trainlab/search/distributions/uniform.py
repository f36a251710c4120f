"""Uniform numbers."""

import math
from collections.abc import Sequence

from trainlab.core.component import setting
from trainlab.search.distribution import BELOW_ONE, Distribution, Ends, narrowed


class Uniform(Distribution, name="uniform"):
    """low + u (high - low): equal lengths are drawn equally often.

    For shares such as dropout, where 0.1 and 0.2 differ as much as 0.6 and 0.7. What multiplies wants `log`. Values
    are rounded to a 1 000th of the range or finer, so that they can be read and typed.

    >>> Uniform(range=[0.0, 0.7]).at(0.5)
    0.35
    """

    range: Ends = setting("[low, high]")

    def at(self, u: float) -> float:
        """low + u (high - low), rounded."""
        low, high = self.range
        x = round(low + u * (high - low), 3 - math.floor(math.log10(high - low)))
        return min(max(x, low), high)

    def share(self, value: float) -> float:
        """(value - low) / (high - low), inside [0, 1)."""
        return min(max(self.position(value), 0.0), BELOW_ONE)

    def ends(self) -> list[float]:
        """Low and high."""
        return list(self.range)

    def position(self, value: float) -> float:
        """(value - low) / (high - low)."""
        low, high = self.range
        return (value - low) / (high - low)

    def beyond(self, *, high: bool) -> "Uniform":
        """The range moved by half of its length."""
        low, top = self.range
        shift = (top - low) * (0.5 if high else -0.5)
        return Uniform(range=[float(f"{low + shift:.6g}"), float(f"{top + shift:.6g}")], when=self.when)

    def around(self, values: Sequence[float], *, grow: bool) -> "Uniform":
        """From a little below the least value to a little above the greatest."""
        low, high = self.range
        a, b = narrowed([self.position(value) for value in values], grow=grow)
        ends = [float(f"{low + u * (high - low):.6g}") for u in (a, b)]
        return Uniform(range=ends, when=self.when) if ends[0] < ends[1] else self

    def count(self) -> None:
        """None: as many as one likes."""
