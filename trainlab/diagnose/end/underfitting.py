"""underfitting: the network does not even fit its training rows."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._causes import LOW_SCORE
from trainlab.diagnose._patches import epochs, heavy_dropout, less_dropout, wider
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class Underfitting(Monitor, name="underfitting"):
    """The network does worse on its own training rows than a simple rule does on rows that it never saw. It is too
    small, too strongly regularized, or not trained well.

    Measured at the end, on the last epoch: both the training and the validation score are behind the best of four
    simple rules on validation rows (always the same prediction, a linear model, kernel regression, the nearest
    neighbours) by more than `margin` plus what chance explains. So noise that no model can learn does not count
    against the network. A layer that is narrower than half of the number of classes is reported as the bottleneck.

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
    needs: ClassVar[tuple[str, ...]] = ("baselines",)
    causes: ClassVar[tuple[str, ...]] = (*LOW_SCORE, "overfitting", "not-converged", "noisy-loss")

    margin: float = setting(0.1, "how far behind a simple rule is too far", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        train = view.curves[f"train_{view.curves.score}"]
        if not len(train) or not view.baselines or not view.behind > self.margin:
            return
        best = max(view.baselines, key=lambda name: view.baselines[name] if view.baselines else 0.0)
        last = float(train[-1]) if np.isfinite(train[-1]) else -1.0
        if view.baselines[best] - last <= self.margin:
            return
        neck = view.structure.narrowest if view.structure is not None else None
        narrow = neck is not None and view.task.kind == "classification" and 2 * neck.out_shape[-1] < view.task.outputs
        where = f"; {neck.name} has only {neck.out_shape[-1]} units" if neck is not None and narrow else ""
        yield self.finding(
            view,
            f"The training score is {last:.3g}, but the simple rule `{best}` reaches {view.baselines[best]:.3g} on "
            f"validation rows{where}.",
            "Use more units or layers, regularize less, and train longer or with another learning rate.",
            evidence={"train_score": last, "baselines": dict(view.baselines), "threshold": self.margin},
            layer=neck.name if neck is not None and narrow else None,
            patches=_patches(view),
        )


def _patches(view: View) -> list[dict[str, Any]]:
    """No dropout, more units, more epochs; with little dropout more units first."""
    without, more = less_dropout(view), wider(view)
    return [*(without + more if heavy_dropout(view) else more + without), *epochs(view, 2)]
