"""corrupt-labels: the training labels are wrong."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View

_LEAST = 0.25  # lead of the training score below which hard labels look the same, whatever chance is


class CorruptLabels(Monitor, name="corrupt-labels"):
    """The training labels are wrong: shuffled by a faulty join, or much noisier than those of the validation split.

    Measured before the first step, without any network: how often a row's label agrees with its five nearest
    neighbours in the same split, on equally many training and validation rows. If validation rows agree more often
    than training rows, by more than three standard errors and `gap`, the training labels are suspect. At the end:
    the network fits its training rows, with a loss well below chance, better than the validation rows by `ahead` of the
    way from chance to perfect and of the whole scale, and the validation score was never better than chance. Labels
    that no network predicts may also be hard, or have nothing to do with the inputs: if the neighbours of validation
    rows do not predict their labels either, its severity is info.

    Do: Look at some rows with their labels. Repeat the join of labels and rows, and check that both are in the same
    order. No training setting repairs wrong labels; label smoothing softens a few.

    Picture:

        score
          1 |        .-----  training: memorized
            |     .-'
          0 |__.'__________  validation: chance, all the time
            +-------------- epoch

    Source: Zhang et al. 2017, "Understanding deep learning requires rethinking generalization"; Northcutt et al.
    2021, "Confident Learning".
    """

    lasting: ClassVar[bool] = True
    of_progress: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = (
        "start",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = (
        "class-imbalance",
        "outlier-input",
        "split-mismatch",
        "bad-values",
    )

    ahead: float = setting(
        0.3, "lead of the training score over validation, as a share of the way from chance to perfect", gt=0, lt=1
    )
    gap: float = setting(0.1, "how much more often validation labels agree, beyond chance", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and after the last."""
        if not view.step:
            scores = view.data.neighbour_scores if view.data is not None else None
            if scores is None:
                return
            train, val, n = scores
            noise = 3 * (2 * 0.25 / n) ** 0.5 if view.task.kind == "classification" else 0.2
            if val - train > self.gap + noise:
                yield self.finding(
                    view,
                    f"{train:.0%} of {n} training rows have the label of their nearest neighbours, but {val:.0%} of "
                    f"{n} validation rows: training labels are wrong or noisy."
                    if view.task.kind == "classification"
                    else f"Neighbours explain {train:.0%} of the training targets' variance, but {val:.0%} in "
                    "validation: training targets are wrong or noisy.",
                    "Check how labels and rows were joined, and correct the labels.",
                    evidence={"train": train, "val": val, "rows": n, "threshold": self.gap},
                )
            return
        train_score, val_score = view.train_scores, view.curves[f"val_{view.curves.score}"]
        if len(val_score) < 3 or not np.isfinite(val_score[1:]).any() or not np.isfinite(train_score[-1]):
            return
        best, chance = float(np.nanmax(val_score[1:])), self._chance(view)
        noise = 3 * (chance * (1 - chance) / max(1, view.val_rows)) ** 0.5
        ahead = float(train_score[-1]) - best
        fitted = view.learned(float(view.curves["train_loss"][-1])) > self.ahead
        apart = ahead > max(self.ahead * (1 - chance), _LEAST)
        if best < chance + noise + 0.02 and fitted and apart:
            yield self.finding(
                view,
                f"The training score is {train_score[-1]:.3g}, but the validation score was never above {best:.3g} "
                f"({chance:.3g} is chance): the network memorizes rows without learning a rule.",
                "Check that labels and rows belong together.",
                evidence={"train_score": float(train_score[-1]), "best_val_score": best, "chance": chance},
                severity="warning" if self._has_rule(view, chance) else "info",
            )

    def _has_rule(self, view: View, chance: float) -> bool:
        """Whether validation rows have labels that their neighbours predict; True where that is unknown."""
        scores = view.data.neighbour_scores if view.data is not None else None
        if scores is None:
            return True
        _, val, n = scores
        return val > chance + self.gap + 1.5 * (0.25 / n) ** 0.5

    def _chance(self, view: View) -> float:
        """The validation score of always predicting the most frequent training class."""
        val = view.data.parts.val if view.data is not None else None
        if view.data is None or val is None or view.task.kind != "classification":
            return view.majority
        return float(np.mean(np.equal(val.y, view.data.counts.argmax())))
