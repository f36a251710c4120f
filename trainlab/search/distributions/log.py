"""Log-uniform numbers."""

import math

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.search.distribution import Ends
from trainlab.search.distributions._interval import Interval


class Log(Interval, name="log"):
    """low * (high / low)^u: each factor of ten is equally likely.

    For learning rates and strengths of regularization, whose good values differ by factors, between 1e-6 and 1. Values
    are rounded to 4 digits, so that they are easy to read and to type.

    Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", section 3.

    >>> Log(range=[1e-6, 1.0]).at(0.5)
    0.001
    """

    range: Ends = setting("[low, high], both above 0")

    @field_validator("range")
    @classmethod
    def _positive(cls, ends: list[float]) -> list[float]:
        if ends[0] <= 0:
            raise PydanticCustomError("range", "a log range starts above 0, found {low}", {"low": ends[0]})
        return ends

    def at(self, u: float) -> float:
        """low * (high / low)^u, rounded."""
        low, high = self.range
        x = math.exp(math.log(low) + u * math.log(high / low))
        digits = 4 + max(0, math.ceil(-math.log10(high / low - 1)))  # a narrow range needs more digits
        return min(max(float(f"{x:.{digits - 1}e}"), low), high)

    def position(self, value: float) -> float:
        """log(value / low) / log(high / low)."""
        low, high = self.range
        return math.log(value / low) / math.log(high / low)

    def value(self, position: float) -> float:
        """low * (high / low)^position, to four digits."""
        low, high = self.range
        return float(f"{low * (high / low) ** position:.3e}")

    def beyond(self, *, high: bool) -> "Log":
        """The range moved by half its length on a log scale."""
        low, top = self.range
        shift = (top / low) ** (0.5 if high else -0.5)
        return Log(range=[float(f"{low * shift:.1e}"), float(f"{top * shift:.1e}")], when=self.when)
