"""no-better-than-baseline: a simple rule scores better."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._causes import LOW_SCORE
from trainlab.diagnose._patches import balanced_classes, epochs, less_dropout, lighter_penalty, wider
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import adaptive, other_lr
from trainlab.diagnose.view import BALANCED, View

_LAST = 3  # epochs that must all be no better than one answer


class NoBetterThanBaseline(Monitor, name="no-better-than-baseline"):
    """A simple rule, computed in milliseconds, scores clearly better on the validation rows than the trained network.

    Measured at the end against four rules: always the same prediction, a linear model, kernel regression and the
    five nearest neighbours, on sampled rows so that they cost at most 3 % of the training. It is a warning if the
    best of them is ahead of the last validation score by more than `margin` and by more than chance explains with
    that many rows. Where classes are imbalanced, balanced accuracy takes the place of accuracy, and a network that
    has no more of it than a guess in the last three epochs is reported as no better than always predicting the
    largest class. A well trained network is not beaten by that much.

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
    of_progress: ClassVar[bool] = True
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
        if baselines and view.judged == BALANCED and (found := self._one_answer(view)) is not None:
            yield found
            return
        if not baselines or not view.behind > self.margin:
            return
        best = max(baselines, key=lambda name: baselines[name])
        last = float(view.curves[view.judged][-1])
        yield self.finding(
            view,
            f"The validation {_name(view)} is {last:.3g}, but the simple rule `{best}` reaches {baselines[best]:.3g}.",
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

    def _one_answer(self, view: View) -> Finding | None:
        """The finding about a network that is no better than always giving the commonest of imbalanced classes."""
        balanced, chance = view.curves[BALANCED][1:][-_LAST:], 1.0 / view.task.outputs
        if not len(balanced) or not (balanced - chance <= self.margin / 2).all():
            return None
        accuracy = float(view.curves["val_accuracy"][-1])
        return self.finding(
            view,
            "The network is no better than always predicting the largest class: it ends with a balanced accuracy of "
            f"{balanced[-1]:.3g}, and {chance:.3g} is that of a guess. Its accuracy of {accuracy:.3g} says nothing, "
            f"because the largest class has {view.majority:.0%} of the rows.",
            "Weight the classes in the loss, and judge the run by balanced accuracy, F1 or the recall of each class.",
            evidence={"balanced_accuracy": float(balanced[-1]), "accuracy": accuracy, "majority": view.majority},
            patches=[*balanced_classes(view), *other_lr(view), *epochs(view, 3), *wider(view)],
        )


def _name(view: View) -> str:
    """What the score is called that simple rules are compared with."""
    return "balanced accuracy" if view.judged == BALANCED else "score"
