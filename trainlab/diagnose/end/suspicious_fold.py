"""suspicious-fold: one fold of a cross-validation scores very differently."""

from collections.abc import Iterable
from math import exp, isfinite, log, sqrt
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.core.metric_names import lower_is_better
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.sweeps import FoldScores
from trainlab.diagnose.view import View


class SuspiciousFold(Monitor, name="suspicious-fold"):
    """One fold scores very differently from all others: its rows are different, or its training went wrong.

    Measured on the scores of a trial with at least four `folds`. The fold farthest from the others must lie `far`
    standard deviations from their mean. The standard deviation is that of the others, but at least what chance
    gives with so few rows: sqrt(p (1 - p) / rows) for an accuracy p, and a relative sqrt(5 / rows) for a loss,
    which a few rows dominate. So small folds, whose scores vary, are not reported.

    Do: Look at the rows of that fold (order, source, time, labels, duplicates) and at its run. Give rows that
    belong together a `group`, and rows with a date a `time`.

    Picture:

        accuracy on 5 folds
        0.95 |  o     o     o           o
             |
        0.70 |                    o          fold 4 differs from the others

    Source: Grubbs 1950, "Sample criteria for testing outlying observations", with a floor for what chance alone
    does; Hastie et al. 2009, "The Elements of Statistical Learning", section 7.10.
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("end",)
    needs: ClassVar[tuple[str, ...]] = ("folds",)
    severity: ClassVar[Severity] = "warning"
    unshown: ClassVar[str] = "it concerns the runs of a sweep, not a single run"

    far: float = setting(8.0, "standard deviations from the mean of the other folds", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After all folds are trained."""
        from statistics import fmean, stdev  # only needed here, and slow to load

        folds = view.folds
        if folds is None or len(folds.scores) < 4 or folds.rows < 1 or not all(map(isfinite, folds.scores)):
            return
        scores = [_even(score, folds.metric) for score in folds.scores]
        found: list[tuple[float, int]] = []
        for i, score in enumerate(scores):
            others = [s for j, s in enumerate(scores) if j != i]
            spread = max(stdev(others), _chance(fmean(others), folds))
            found.append((abs(score - fmean(others)) / spread if spread else 0.0, i))
        z, fold = max(found)
        if z < self.far:
            return
        rest = fmean(s for j, s in enumerate(scores) if j != fold)
        usual = exp(rest) if lower_is_better(folds.metric) else rest
        worse = (folds.scores[fold] > usual) == lower_is_better(folds.metric)
        yield self.finding(
            view,
            f"Fold {fold + 1} of {len(scores)} has a {folds.metric} of {folds.scores[fold]:.3g}, far "
            f"{'worse' if worse else 'better'} than the {usual:.3g} of the others.",
            "Check the rows of this fold for another source, order or time, wrong labels, and duplicates of "
            "training rows. Keep rows that belong together in one fold (`group`, `time`).",
            evidence={"fold": fold + 1, "scores": list(folds.scores), "deviations": z, "threshold": self.far},
            severity="warning" if worse else "info",
        )


def _even(score: float, metric: str) -> float:
    """The logarithm of a loss, whose variation does not grow with the loss."""
    return log(max(score, 1e-12)) if lower_is_better(metric) else score


def _chance(mean: float, folds: FoldScores) -> float:
    """The standard deviation of one model's score over folds of so few rows."""
    if not folds.metric.endswith("accuracy"):
        return sqrt(5 / folds.rows)
    p = min(max(mean, 1 / folds.rows), 1 - 1 / folds.rows)
    return sqrt(max(p * (1 - p), 0.0) / folds.rows)
