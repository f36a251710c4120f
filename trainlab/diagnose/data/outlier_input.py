"""outlier-input: a few extreme input values."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.diagnose._patches import preprocess
from trainlab.diagnose._quantiles import median, quantiles
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

_ROWS = 1000  # that the spread is taken from


class OutlierInput(Monitor, name="outlier-input"):
    """A few input values lie far away from all other values of their feature. The rows that hold them dominate the
    gradient.

    Measured per feature on the raw training rows, in units of the feature's spread: the interquartile range divided
    by 1.35 (the spread of all inputs for features with few distinct values, or mostly one value). Values more than
    `distance` units away count as outliers only if at most 5 % of the rows have one and a gap separates them: the
    nearest outlier is `gap` times as far out as the farthest other value. Heavy-tailed features have no such gap. The
    inputs that the network gets must have outliers, too: preprocessing such as `smooth_clip` leaves none.

    Do: Look at these rows for a wrong unit or a missing value coded as 99999. Repair or drop them, or use `robust`,
    which scales by quartiles, and `smooth_clip`, which bounds what is far away.

    Picture:

        values of a feature
         |
        ##                                           .
        ####                                         |  one row, far away
        0 1 2                                       1000

    Source: Tukey 1977, "Exploratory Data Analysis" (spread by quartiles); LeCun et al. 1998, "Efficient BackProp".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)

    distance: float = setting(30.0, "distance of an outlier from the median, in spreads of its feature", gt=1)
    gap: float = setting(4.0, "how many times as far out as all other values an outlier is", gt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is None or not data.finite or len(data.raw) < 20 or not np.isfinite(data.raw).all():
            return
        worst, column, hit = self._outliers(data.raw)
        if hit and (data.train is data.raw or self._outliers(data.train)[2]):
            yield self.finding(
                view,
                f"{data.name(column, raw=True)} has values {worst:.0f} times its spread away from the others; {hit} of "
                f"{len(data.raw)} rows hold such outliers.",
                "Check whether they are errors; repair, clip or remove them, or scale with `robust`.",
                evidence={"column": column, "distance": worst, "rows": hit, "threshold": self.distance},
                patches=preprocess(view, "robust", instead="standardize"),
            )

    def _outliers(self, x: Array) -> tuple[float, int, int]:
        """Distance and column of the farthest outlier, and how many rows have one in any feature."""
        some = x[:: max(1, len(x) // _ROWS)]
        low, q1, middle, q3, high = quantiles(some, [0.01, 0.25, 0.5, 0.75, 0.99])
        away = np.abs(some - middle)
        pooled = float(quantiles(away.ravel(), [0.9])[0]) or float(median(away[away > 0])) if away.any() else 1.0
        quartiles, coarse = (q3 - q1) / 1.35, np.maximum((high - low) / 4.65, pooled)
        spread = np.asarray(np.where(quartiles > 0, quartiles, coarse), dtype=np.float64)
        spread[spread == 0] = 1.0
        reach = np.maximum(x.max(axis=0) - middle, middle - x.min(axis=0))
        worst, where = 0.0, 0
        hit = np.zeros(len(x), dtype=np.bool_)
        for column in np.flatnonzero(reach > self.distance * spread):
            few = len(set(x[:, column].tolist())) < 32
            unit = max(float(spread[column]), float(coarse[column])) if few else float(spread[column])
            far = np.abs(x[:, column] - middle[column]) / unit
            top = np.sort(far)[-max(1, len(x) // 20) - 1 :]
            apart = (top[1:] > self.gap * np.maximum(top[:-1], 1.0)) & (top[1:] > self.distance)
            if apart.any():
                hit |= far >= top[1 + int(apart.argmax())]
                if top[-1] > worst:
                    worst, where = float(top[-1]), int(column)
        return worst, where, int(hit.sum())
