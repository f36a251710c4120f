"""underfitting: the network does not even fit its training rows."""

from collections.abc import Iterable
from math import prod
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._causes import LOW_SCORE
from trainlab.diagnose._patches import epochs, heavy_dropout, less_dropout, lighter_penalty, wider
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.forecast import CLEAR, expected_fall, expected_gain
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.structure import Part
from trainlab.diagnose.view import View


class Underfitting(Monitor, name="underfitting"):
    """The network does worse on its own training rows than a simple rule does on rows that it never saw. It is too
    small, too strongly regularized, or not trained well.

    Measured at the end, on the last epoch: both the training and the validation score are behind the best of four
    simple rules on validation rows (always the same prediction, a linear model, kernel regression, the nearest
    neighbours) by more than `margin` plus what chance explains. So noise that no model can learn does not count
    against the network. A layer that is narrower than half of the number of classes, or has a single unit although
    there are several inputs, is reported as the bottleneck. With a bottleneck it is enough that training and validation
    end alike, at a score below `fitted`, no longer rising, and that no simple rule is known to do worse.

    Do: Use a larger network (first widen a layer that is narrower than the number of classes), train longer, with a
    better learning rate and less regularization.

    Picture:

        score
        simple rule ----------------  on rows it never saw
                    .---------------  training
                   .'...............  validation: both low, side by side
                    +-------------- epoch

    Source: CS231n, "Babysitting the learning process" (train and validation both low: increase capacity); Karpathy
    2019, "A Recipe for Training Neural Networks" (baselines).
    """

    when: ClassVar[tuple[When, ...]] = ("end",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = (
        *LOW_SCORE,
        "loss-not-decreasing",
        "input-ignored",
        "overfitting",
        "noisy-loss",
    )

    margin: float = setting(0.1, "how far behind a simple rule is too far", gt=0)
    fitted: float = setting(0.8, "progress of the training score that a bottleneck may not prevent", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        train = view.curves[f"train_{view.curves.score}"]
        if not len(train):
            return
        last = float(train[-1]) if np.isfinite(train[-1]) else -1.0
        neck = _bottleneck(view)
        best = max(view.baselines, key=lambda name: (view.baselines or {})[name]) if view.baselines else ""
        beaten = view.baselines is not None and view.behind > self.margin and view.baselines[best] - last > self.margin
        where = f"; {neck.name} has only {neck.out_shape[-1]} unit{'s'[: neck.out_shape[-1] != 1]}" if neck else ""
        if beaten and view.baselines is not None:
            message = (
                f"The training score is {last:.3g}, but the simple rule `{best}` reaches {view.baselines[best]:.3g} on "
                f"validation rows{where}."
            )
        elif neck is not None and self._stuck(view, last):
            message = f"The network does not fit its own training rows (score {last:.3g}){where}."
        else:
            return
        yield self.finding(
            view,
            message,
            "Use more units or layers, regularize less, and train longer or with another learning rate.",
            evidence={"train_score": last, "baselines": dict(view.baselines or {}), "threshold": self.margin},
            layer=neck.name if neck is not None else None,
            patches=_patches(view),
        )

    def _stuck(self, view: View, last: float) -> bool:
        """Whether the training score has stopped at a low value that validation shares."""
        val = view.curves[f"val_{view.curves.score}"]
        apart = last - float(val[-1]) if len(val) and np.isfinite(val[-1]) else 0.0
        low = last - view.majority < self.fitted * (1.0 - view.majority)
        return low and apart < self.margin and not expected_gain(view) > 0 and not view.behind < 0


def _bottleneck(view: View) -> Part | None:
    """The narrowest hidden layer, if it is too narrow to tell the classes or the inputs apart."""
    neck = view.structure.narrowest if view.structure is not None else None
    if neck is None or view.structure is None:
        return None
    units = neck.out_shape[-1]
    if view.task.kind == "classification":
        return neck if 2 * units < view.task.outputs else None
    return neck if units == 1 and prod(view.structure.parts[0].shape) > 1 else None


def _patches(view: View) -> list[dict[str, Any]]:
    """No penalty and no dropout where they are strong; more epochs before more units, unless a layer is the bottleneck
    or the loss has stopped falling.
    """
    without, more, longer = [*lighter_penalty(view), *less_dropout(view)], wider(view), epochs(view, 3)
    stopped = _bottleneck(view) is not None or not (expected_gain(view) > 0 or expected_fall(view) > 0.4 * CLEAR)
    size = [*more, *longer] if stopped else [*longer, *more]
    return [*without, *size] if heavy_dropout(view) or lighter_penalty(view) else [*size[:1], *without, *size[1:]]
