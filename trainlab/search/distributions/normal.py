"""Normal numbers."""

from collections.abc import Sequence
from statistics import NormalDist, fmean, pstdev
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.search.distribution import BELOW_ONE, Distribution, End


class Normal(Distribution, name="normal"):
    """Numbers around a mean, two thirds of them within one standard deviation: for a setting with a known good value.

    The values have no limits; a value that the setting does not allow is drawn again. Values are rounded to four digits
    of the standard deviation.

    >>> Normal(params=[0.9, 0.02]).at(0.5)
    0.9
    """

    params: Annotated[list[End], Field(min_length=2, max_length=2)] = setting("[mean, standard deviation]")

    @field_validator("params")
    @classmethod
    def _wide(cls, params: list[float]) -> list[float]:
        if params[1] <= 0:
            raise PydanticCustomError("range", "a standard deviation must be above 0, found {std}", {"std": params[1]})
        if params[1] < 1e-30:
            raise PydanticCustomError("range", "a standard deviation is 1e-30 or more, found {std}", {"std": params[1]})
        return params

    def at(self, u: float) -> float:
        """mean + std * (the standard normal quantile of u), rounded."""
        mean, std = self.params
        unit = 10.0 ** (int(f"{std:e}".partition("e")[2]) - 3)
        x = NormalDist(mean, std).inv_cdf(min(max(u, 1 - BELOW_ONE), BELOW_ONE))
        return float(f"{round(x / unit) * unit:.12g}")

    def share(self, value: float) -> float:
        """The share of the distribution below the value."""
        return min(max(NormalDist(*self.params).cdf(value), 0.0), BELOW_ONE)

    def ends(self) -> list[float]:
        """The mean, because there are no ends."""
        return [self.params[0]]

    def position(self, value: float) -> None:
        """None: there are no ends."""

    def beyond(self, *, high: bool) -> None:
        """None: there are no ends."""

    def around(self, values: Sequence[float], *, grow: bool) -> "Normal":
        """The normal distribution of the values, at least a tenth as wide as before."""
        std = max(pstdev(values), self.params[1] / 10)
        return Normal(params=[float(f"{fmean(values):.4g}"), float(f"{std:.4g}")], when=self.when)

    def count(self) -> None:
        """None: unlimited."""
