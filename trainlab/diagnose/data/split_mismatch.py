"""split-mismatch: training and validation rows are distributed differently."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.diagnose._quantiles import quantiles
from trainlab.diagnose.data_view import SPREAD_OF_IQR
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class SplitMismatch(Monitor, name="split-mismatch"):
    """Validation rows have another mean or scale than training rows. They were preprocessed differently or come from
    another source, so the validation score does not show what was learned.

    Measured per feature. A feature is affected if the means differ by more than 1 training standard deviation, or
    the standard deviations by more than a factor of 2.5, and the same holds for medians and quartiles, so that
    single outliers do not count. It is a warning if more than a third of the features that vary are affected. For
    comparison: with 20 rows, chance alone moves a mean by about 0.3 standard deviations.
    Validation rows that a watched loop reads one by one, and that differ when they are read again, are augmented at
    random: that is a warning, too.

    Do: Fit the preprocessing on the training rows and apply it to the other splits (trainlab does so for its own
    configs). Check where the validation rows come from.

    Picture:

        a feature in both splits
        training      .:|:.
        validation                 .:::|:::.     shifted and wider

    Source: Breck et al. 2019, "Data Validation for Machine Learning" (training-serving skew).
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("start",)
    needs: ClassVar[tuple[str, ...]] = ("data",)
    causes: ClassVar[tuple[str, ...]] = ("bad-values", "outlier-input", "class-imbalance")

    shift: float = setting(1.0, "difference of the means, in training standard deviations", gt=0)
    ratio: float = setting(2.5, "ratio of the standard deviations", gt=1)
    share: float = setting(0.33, "share of the features that must be affected", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        data = view.data
        if data is not None and data.val_changes:
            yield self.finding(
                view,
                "A validation row differs from one reading to the next: the validation rows are augmented at random.",
                "Augment the training rows only; give validation a transform without chance.",
                evidence={"val_changes": True},
            )
            return
        if data is None or data.val is None or not data.finite or min(len(data.train), len(data.val)) < 20:
            return
        a, b = data.train, data.val
        if a.shape[1] != b.shape[1]:
            return
        varies = data.std > 0.05 * max(1e-12, float(np.sqrt(np.mean(data.std**2))))
        if not varies.any():
            return
        moments = self._apart(*(m[varies] for m in (data.mean, data.std, b.mean(0), b.std(0))))
        if float(moments.mean()) <= self.share:
            return
        a, b = a[:, varies], b[:, varies]
        qa, qb = (quantiles(part, [0.25, 0.5, 0.75]) for part in (a, b))
        wide = qa[2] - qa[0]
        known = wide > 0.1 * a.std(0)  # else most values are equal, and quartiles are not informative
        quartiles = self._apart(qa[1], wide / SPREAD_OF_IQR, qb[1], (qb[2] - qb[0]) / SPREAD_OF_IQR) | ~known
        hit = moments & quartiles
        share = float(hit.mean())
        if share > self.share:
            worst = int(np.argmax(hit))
            column = int(np.flatnonzero(varies)[worst])
            yield self.finding(
                view,
                f"{share:.0%} of the features differ between training and validation: {data.name(column)} has mean "
                f"{a[:, worst].mean():.3g} and standard deviation {a[:, worst].std():.3g} in training, "
                f"{b[:, worst].mean():.3g} and {b[:, worst].std():.3g} in validation.",
                "Make sure that both come from one source and share the preprocessing, fitted on the training rows.",
                evidence={"share": share, "column": column, "threshold": self.share},
            )

    def _apart(self, mean: Array, std: Array, other_mean: Array, other_std: Array) -> Array:
        safe = np.where(std > 0, std, 1.0)
        ratio = other_std / safe
        return (np.abs(other_mean - mean) > self.shift * safe) | (ratio > self.ratio) | (ratio * self.ratio < 1)
