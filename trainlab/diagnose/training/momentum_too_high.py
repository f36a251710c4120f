"""momentum-too-high: momentum averages over too many steps."""

from collections.abc import Iterable
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class MomentumTooHigh(Monitor, name="momentum-too-high"):
    """Momentum averages gradients over more steps than this run can afford. Steps continue in old directions, and the
    loss oscillates.

    Measured on the config before the first step: the memory, 1 / (1 - momentum) steps, is at least 20 and longer
    than a third of the whole run. While training: momentum is at least 0.98, little has been learned, and the loss
    of the epochs has climbed above its start.

    Do: Use 0.9. With a higher momentum lower the learning rate by the same factor: momentum m makes steps 1 / (1 -
    m) times as long.

    Picture:

        loss
          |:      .'.      .'.     swings through the valley
          | '.  .'   '.  .'   '.
          |   ''       ''          continues in an old direction
          +-------------------- steps

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"; Goh 2017,
    "Why Momentum Really Works".
    """

    of_progress: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
    )
    needs: ClassVar[tuple[str, ...]] = ("curves",)

    share: float = setting(0.33, "longest memory of the momentum, as a share of the run", gt=0)
    high: float = setting(0.98, "momentum from which on a climbing loss is reported", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and after an epoch while little has been learned."""
        optimizer: dict[str, Any] = view.settings.get("optimizer", {})
        momentum = float(optimizer.get("momentum") or optimizer.get("b1") or 0.0)
        if not 0 < momentum < 1:
            return
        memory, total = 1 / (1 - momentum), view.epochs * view.steps_per_epoch
        too_long = memory >= 20 and memory > self.share * total
        losses = view.curves["train_loss"]
        climbed = len(losses) > 2 and momentum >= self.high and not losses[-1] < 1.2 * min(losses[0], view.chance)
        if (too_long and not view.step) or (view.step and climbed and view.progress < 0.2):
            key = "momentum" if optimizer.get("momentum") else "b1"
            yield self.finding(
                view,
                f"Momentum {momentum:g} averages over {memory:.0f} steps; the whole run has {total}.",
                "Use 0.9, which averages over ten steps.",
                evidence={"momentum": momentum, "memory": memory, "steps": total, "threshold": self.share},
                patches=[{f"optimizer.{key}": 0.9}],
            )
