"""Uniform numbers."""

import math

from trainlab.search.distributions._interval import Interval


class Uniform(Interval, name="uniform"):
    """low + u (high - low): equal lengths are equally likely.

    For shares such as dropout, where 0.1 and 0.2 differ as much as 0.6 and 0.7. Use `log` for learning rates. Values
    are rounded to 1/1000 of the range or finer, so that they are easy to read and to type.

    >>> Uniform(range=[0.0, 0.7]).at(0.5)
    0.35
    """

    def at(self, u: float) -> float:
        """low + u (high - low), rounded."""
        low, high = self.range
        x = round(low + u * (high - low), 3 - math.floor(math.log10(high - low)))
        return min(max(x, low), high)

    def position(self, value: float) -> float:
        """(value - low) / (high - low)."""
        low, high = self.range
        return (value - low) / (high - low)

    def value(self, position: float) -> float:
        """low + position (high - low), to six digits."""
        low, high = self.range
        return float(f"{low + position * (high - low):.6g}")

    def beyond(self, *, high: bool) -> "Uniform":
        """The range moved by half its length."""
        low, top = self.range
        shift = (top - low) * (0.5 if high else -0.5)
        digits = 6 + max(0, math.ceil(math.log10(max(abs(low), abs(top)) / (top - low))))  # more where it is narrow
        return Uniform(range=[float(f"{end + shift:.{digits}g}") for end in (low, top)], when=self.when)
