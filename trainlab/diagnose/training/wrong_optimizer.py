"""wrong-optimizer: the update rule makes steps that are too short for this run, whatever the gradient."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.forecast import CLEAR, expected_fall, expected_gain
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import adaptive
from trainlab.diagnose.view import View

_OWN_SCALE = {"adadelta": 1.0}  # the lr for which the rule chooses the length of its steps by itself
_SHRINKING = ("adagrad",)  # rules that divide by a sum which only grows


class WrongOptimizer(Monitor, name="wrong-optimizer"):
    """The optimizer is much slower than another one would be: AdaDelta with a learning rate that is meant for Adam, or
    AdaGrad, whose steps shrink all the time.

    Measured at the end, while the loss is still falling or little has been learned: a typical step is shorter than
    `ratio` of the weights. AdaDelta chooses the length of its steps by itself, for a learning rate of 1; with 0.01 or
    0.001, the default of some libraries, it takes a hundred or a thousand times as long. AdaGrad divides by the sum of
    all squared gradients, so that its last steps are a small part of the first ones. A run that has converged is not
    reported, whatever its optimizer.

    Do: Use `adam` with a learning rate of 0.001. Or give AdaDelta a learning rate of 1, AdaGrad one of 0.01 or more.

    Picture:

        loss
         |'-._
         |    '--.___  adadelta, lr 0.01
         | '.        ''--
         |   '-.____________  adam
         +------------------ epoch

    Source: Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method" (the method needs no learning rate); Duchi et al.
    2011, "Adaptive Subgradient Methods"; dl-fl-repair (arXiv:2506.03396), faults of this kind.
    """

    when: ClassVar[tuple[When, ...]] = ("end",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = ("unchanging-weights", "symmetric-init", "over-regularized", "dead-relu")

    ratio: float = setting(3e-4, "median length of a step, relative to the weights, that is too short", gt=0)
    share: float = setting(0.3, "largest learning rate, relative to the rule's own, that slows it down", gt=0, lt=1)
    learned: float = setting(0.33, "progress that is expected", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        optimizer: dict[str, Any] = view.settings.get("optimizer", {})
        name, lr = str(optimizer.get("name")), view.lr
        ratios = view.steps["update_ratio"]
        ratios = ratios[np.isfinite(ratios)]
        if not lr or not len(ratios):
            return
        slow = name in _OWN_SCALE and lr < self.share * _OWN_SCALE[name]
        typical = float(median(ratios[len(ratios) // 2 :]))
        if not (slow or name in _SHRINKING) or not typical < self.ratio:
            return
        if not (expected_gain(view) > 0 or expected_fall(view) > 0.4 * CLEAR or view.progress < self.learned):
            return
        why = (
            f"it chooses the length of its steps by itself, for a learning rate of {_OWN_SCALE[name]:g}; {lr:g} makes "
            "them that much shorter"
            if slow
            else "it divides by the sum of all squared gradients, so its steps only shrink"
        )
        yield self.finding(
            view,
            f"`{name}` is too slow: a typical step changes the weights by {typical:.1g} of their size, and the run "
            f"ends before the network has learned; {why}.",
            "Use adam with a learning rate of 0.001.",
            evidence={"median_ratio": typical, "lr": lr, "progress": view.progress, "threshold": self.ratio},
            patches=[*adaptive(view), *([{"optimizer.lr": 1.0}] if slow else [])],
        )
