"""exploding-gradient: the gradient grows out of all proportion."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import lower_lr
from trainlab.diagnose.view import View


class ExplodingGradient(Monitor, name="exploding-gradient"):
    """The gradient has become many times as long as at the start, although there is no less to learn: single steps undo
    what many have learned.

    Measured as the median length of the gradient over the last 20 steps against that of the first 20, after an epoch,
    while little has been learned; a hundred times is the alarm. Compared is with the beginning, never with the whole
    run.

    Do: Clip the gradient (`train.clip_norm`), lower the learning rate, or put norm layers between the others.

    Picture:

        gradient's length, log scale
        1e3 |            ..''
        1e1 |      ..''''
        1e-1|..''''            a sound one falls as the loss does
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

    factor: float = setting(100.0, "how many times the first gradients is an explosion", gt=1)
    learned: float = setting(0.2, "progress from chance to perfect that ends the watch", gt=0, lt=1)

    def look(self, view: View) -> Iterable[Finding]:
        """While little has been learned."""
        if view.step < 60 or view.progress > self.learned:
            return
        norms = view.steps["grad_norm"]
        first, recent = float(median(norms[:20])), float(median(view.steps.tail("grad_norm", 20)))
        if first > 0 and recent > self.factor * first:
            yield self.finding(
                view,
                f"The gradient is {recent / first:.0f} times as long as at the start.",
                "Lower the learning rate, or clip the gradient.",
                evidence={"first": first, "recent": recent, "threshold": self.factor},
                patches=[{"train.clip_norm": float(f"{max(first, 1e-3):.2g}")}, *lower_lr(view)],
            )
