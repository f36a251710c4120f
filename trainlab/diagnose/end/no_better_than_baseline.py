"""no-better-than-baseline: a simple rule scores better."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._causes import LOW_SCORE
from trainlab.diagnose._patches import epochs, less_dropout, lighter_penalty, wider
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import adaptive, other_lr
from trainlab.diagnose.view import View


class NoBetterThanBaseline(Monitor, name="no-better-than-baseline"):
    """A simple rule, computed in milliseconds, scores clearly better on the validation rows than the trained network.

    Measured at the end against four rules: always the same prediction, a linear model, kernel regression and the
    five nearest neighbours, on sampled rows so that they cost at most 3 % of the training. It is a warning if the
    best of them is ahead of the last validation score by more than `margin` and by more than chance explains with
    that many rows. A well trained network is not beaten by that much.

    Do: Take the simple rule as the score to beat. Read the other findings first; then try a larger network, a
    better learning rate, more epochs, or less regularization.

    Picture:

        validation score
        simple rule   ##################
        this network  ###########

    Source: Karpathy 2019, "A Recipe for Training Neural Networks" (simple baselines); Google, "Rules of Machine
    Learning".
    """

    when: ClassVar[tuple[When, ...]] = ("end",)
    needs: ClassVar[tuple[str, ...]] = ("baselines",)
    causes: ClassVar[tuple[str, ...]] = (
        *LOW_SCORE,
        "loss-not-decreasing",
        "overfitting",
        "not-converged",
        "noisy-loss",
        "underfitting",
    )

    margin: float = setting(0.1, "how far behind a simple rule is too far", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        baselines = view.baselines
        if not baselines or not view.behind > self.margin:
            return
        best = max(baselines, key=lambda name: baselines[name])
        last = float(view.curves[f"val_{view.curves.score}"][-1])
        yield self.finding(
            view,
            f"The validation score is {last:.3g}, but the simple rule `{best}` reaches {baselines[best]:.3g}.",
            "Something keeps the network from learning: read the other findings, then check the learning rate.",
            evidence={"score": last, "baselines": dict(baselines), "threshold": self.margin},
            patches=[
                *other_lr(view),
                *adaptive(view),
                *lighter_penalty(view),
                *epochs(view, 3),
                *wider(view),
                *less_dropout(view),
            ],
        )
