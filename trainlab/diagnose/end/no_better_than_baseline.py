"""no-better-than-baseline: a simple rule does better."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._patches import epochs, less_dropout, wider
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import other_lr
from trainlab.diagnose.view import View


class NoBetterThanBaseline(Monitor, name="no-better-than-baseline"):
    """The simplest rules, made in milliseconds, score clearly better on the validation rows than the trained network.

    Measured at the end: always the same answer, a linear map, kernel regression and the five nearest neighbours, on
    sampled rows so that they cost no more than 3 % of the training. A warning if the best of them is more than `margin`
    ahead of the last validation score, and more than chance explains with that many rows; whatever the reason, a
    network that was trained well is not beaten by that much.

    Do: Take the simple rule as the score to beat. Look at the other findings first; then at a larger network, a
    better learning rate, more epochs, less regularization.

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
        "constant-feature",
        "class-imbalance",
        "corrupt-labels",
        "unscaled-input",
        "tiny-input",
        "unscaled-target",
        "split-mismatch",
        "unshuffled",
        "tiny-split",
        "wrong-loss",
        "output-range",
        "missing-nonlinearity",
        "symmetric-init",
        "signal-collapse",
        "signal-explosion",
        "train-eval-mismatch",
        "lr-too-high",
        "lr-too-low",
        "unchanging-weights",
        "bad-schedule",
        "momentum-too-high",
        "vanishing-gradient",
        "dead-relu",
        "saturated-activation",
        "over-regularized",
        "exploding-loss",
        "loss-not-decreasing",
        "overfitting",
        "not-converged",
        "noisy-loss",
        "underfitting",
    )

    margin: float = setting(0.1, "how far behind a simple rule is too far", gt=0)

    def look(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        baselines = view.baselines
        if not baselines or not view.behind > self.margin:
            return
        best = max(baselines, key=lambda name: baselines[name])
        last = float(view.curves[f"val_{view.curves.score}"][-1])
        yield self.finding(
            view,
            f"The validation score is {last:.3g}; `{best}` reaches {baselines[best]:.3g}.",
            "Something keeps the network from learning what is there: see the other findings, then the learning rate.",
            evidence={"score": last, "baselines": dict(baselines), "threshold": self.margin},
            patches=[*other_lr(view), *epochs(view, 3), *wider(view), *less_dropout(view)],
        )
