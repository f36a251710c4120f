"""Log-uniform numbers."""

import math
from collections.abc import Sequence

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.search.distribution import BELOW_ONE, Distribution, Ends, narrowed


class Log(Distribution, name="log"):
    """low * (high / low)^u: every power of ten is drawn as often as any other.

    The right one for what multiplies: learning rates and strengths of regularization, whose good values lie between
    1e-6 and 1. Values are rounded to 4 digits, so that they can be read and typed.

    Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", section 3.

    >>> Log(range=[1e-6, 1.0]).at(0.5)
    0.001
    """

    range: Ends = setting("[low, high], both above 0")

    @field_validator("range")
    @classmethod
    def _positive(cls, ends: list[float]) -> list[float]:
        if ends[0] <= 0:
            raise PydanticCustomError("range", "a log range begins above 0, found {low}", {"low": ends[0]})
        return ends

    def at(self, u: float) -> float:
        """low * (high / low)^u, rounded."""
        low, high = self.range
        x = math.exp(math.log(low) + u * math.log(high / low))
        digits = 4 + max(0, math.ceil(-math.log10(high / low - 1)))  # a narrow range needs more of them
        return min(max(float(f"{x:.{digits - 1}e}"), low), high)

    def share(self, value: float) -> float:
        """log(value / low) / log(high / low), inside [0, 1)."""
        return min(max(self.position(value), 0.0), BELOW_ONE)

    def ends(self) -> list[float]:
        """Low and high."""
        return list(self.range)

    def position(self, value: float) -> float:
        """log(value / low) / log(high / low)."""
        low, high = self.range
        return math.log(value / low) / math.log(high / low)

    def beyond(self, *, high: bool) -> "Log":
        """The range moved by half of its powers of ten."""
        low, top = self.range
        shift = (top / low) ** (0.5 if high else -0.5)
        return Log(range=[float(f"{low * shift:.1e}"), float(f"{top * shift:.1e}")], when=self.when)

    def around(self, values: Sequence[float], *, grow: bool) -> "Log":
        """From a little below the least value to a little above the greatest, measured in powers of ten."""
        low, high = self.range
        a, b = narrowed([self.position(value) for value in values], grow=grow)
        ends = [float(f"{low * (high / low) ** u:.3e}") for u in (a, b)]
        return Log(range=ends, when=self.when) if ends[0] < ends[1] else self

    def count(self) -> None:
        """None: as many as one likes."""
