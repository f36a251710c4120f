"""exploding-gradient: the gradient norm grows many times over."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class ExplodingGradient(Monitor, name="exploding-gradient"):
    """The gradient norm is many times larger than at the start, although little has been learned. Single steps then
    undo what many steps have learned.

    Measured after an epoch, while little has been learned: the median gradient norm of the last 20 steps relative
    to that of the first 20; the limit is 100 times. It is compared with the beginning, never with the whole run.

    Do: Clip the gradient (`train.clip_norm`), lower the learning rate, or add norm layers.

    Picture:

        gradient norm, log scale
        1e3 |            ..''
        1e1 |      ..''''
        1e-1|..''''            normally it falls with the loss
            +----------------- steps

    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks" (clipping); AUTOTRAINER.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch",)
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = (
        "signal-explosion",
        "unscaled-input",
        "momentum-too-high",
        "bad-schedule",
        "lr-too-high",
        "exploding-loss",
    )

    factor: float = setting(100.0, "how many times the first gradient norms is an explosion", gt=1)
    learned: float = setting(0.2, "progress from chance (0) to perfect (1) that ends the check", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """While little has been learned."""
        if view.step < 60 or view.progress > self.learned:
            return
        norms = view.steps["grad_norm"]
        first, recent = float(median(norms[:20])), float(median(view.steps.tail("grad_norm", 20)))
        if first > 0 and recent > self.factor * first:
            yield self.finding(
                view,
                f"The gradient norm is {recent / first:.0f} times as large as at the start.",
                "Lower the learning rate, or clip the gradient.",
                evidence={"first": first, "recent": recent, "threshold": self.factor},
                patches=[{"train.clip_norm": float(f"{max(first, 1e-3):.2g}")}, *lower_lr(view)],
            )
