"""Log-uniform numbers, and exactly 0 if asked for."""

import math
from collections.abc import Sequence

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.search.distribution import BELOW_ONE, Ends
from trainlab.search.distributions._interval import Interval


class Log(Interval, name="log"):
    """low * (high / low)^u: each factor of ten is equally likely.

    For learning rates and strengths of regularization, whose good values differ by factors, between 1e-6 and 1. Values
    are rounded to 4 digits, so that they are easy to read and to type. With `zero`, a share of the draws is exactly 0:
    a penalty may then be off, which no logarithmic range includes.

    Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", section 3.

    >>> Log(range=[1e-6, 1.0]).at(0.5)
    0.001
    >>> Log(range=[1e-6, 1e-2], zero=0.2).at(0.1), Log(range=[1e-6, 1e-2], zero=0.2).at(0.6)
    (0.0, 0.0001)
    """

    zero: float = setting(0.0, "share of the draws that are exactly 0, such as 0.2", ge=0, lt=1)

    range: Ends = setting("[low, high], both above 0")

    @field_validator("range")
    @classmethod
    def _positive(cls, ends: list[float]) -> list[float]:
        if ends[0] <= 0:
            raise PydanticCustomError("range", "a log range starts above 0, found {low}", {"low": ends[0]})
        if ends[0] < 1e-30:
            raise PydanticCustomError("range", "a log range starts at 1e-30 or above, found {low}", {"low": ends[0]})
        return ends

    def at(self, u: float) -> float:
        """0 for the first `zero` of the draws; then low * (high / low)^u, rounded."""
        if u < self.zero:
            return 0.0
        low, high = self.range
        u = (u - self.zero) / (1 - self.zero)
        x = math.exp(math.log(low) + u * math.log(high / low))
        return min(max(self._rounded(x, 4), low), high)

    def position(self, value: float) -> float | None:
        """log(value / low) / log(high / low); None for 0, which has no place on this scale."""
        low, high = self.range
        return math.log(value / low) / math.log(high / low) if value > 0 else None

    def share(self, value: float) -> float:
        """The inverse of `at`; the middle of its draws for 0."""
        place = self.position(value)
        if place is None:
            return self.zero / 2
        return min(self.zero + (1 - self.zero) * max(place, 0.0), BELOW_ONE)

    def ends(self) -> list[float]:
        """Low and high, and 0 if it is drawn."""
        return [*([0.0] if self.zero else []), *self.range]

    def around(self, values: Sequence[float], *, grow: bool) -> "Log":
        """The range around the values above 0; 0 stays if it is one of the values, and is left out if it is none."""
        above = [value for value in values if value > 0]
        found = super().around(above, grow=grow) if above else self
        return found.model_copy(update={"zero": self.zero if len(above) < len(values) else 0.0})

    def value(self, position: float) -> float:
        """low * (high / low)^position, to four digits."""
        low, high = self.range
        return float(f"{low * (high / low) ** position:.3e}")

    def beyond(self, *, high: bool) -> "Log":
        """The range moved by half its length on a log scale."""
        low, top = self.range
        shift = (top / low) ** (0.5 if high else -0.5)
        ends = [self._rounded(low * shift, 2), self._rounded(top * shift, 2)]
        return Log(range=ends, zero=self.zero, when=self.when)

    def _rounded(self, x: float, digits: int) -> float:
        """The number to so many digits, and more where the range is narrow."""
        low, high = self.range
        more = max(0, math.ceil(-math.log10(max(high / low - 1, 1e-16))))
        return float(f"{x:.{digits + more - 1}e}")
