"""overtraining: the best epoch was long before the end."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class Overtraining(Monitor, name="overtraining"):
    """The best validation loss came early, and the rest of the run gained nothing.

    Measured at the end of a run of at least 10 epochs: the best validation loss lies in its first half, and the last
    one is at least a tenth above it. Its severity is info: the best weights are kept anyway, but the run could have
    been shorter.

    Do: Nothing is lost: the best weights are kept. `train.early_stopping` saves time.

    Picture:

        validation loss
         |'.             ..--
         |  '._.....---''
         |    ^ best, long ago
         +------------------- epoch

    Source: Prechelt 1998, "Early Stopping - But When?".
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("end",)
    of_progress: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = ("overfitting",)
    severity: ClassVar[Severity] = "info"

    rise: float = setting(0.1, "how far above its best the loss ends, as a share of it", gt=0)

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the last step."""
        losses = view.curves["val_loss"]
        if len(losses) < 11 or not np.isfinite(losses).all():
            return
        best = int(losses.argmin())
        if 0 < best < 0.5 * (len(losses) - 1) and losses[-1] > (1 + self.rise) * losses[best]:
            yield self.finding(
                view,
                f"The validation loss was best in epoch {best} of {len(losses) - 1} ({losses[best]:.3g}, against "
                f"{losses[-1]:.3g} at the end).",
                "Stop early to save time; the best weights are kept anyway.",
                evidence={"best_epoch": best, "best": float(losses[best]), "last": float(losses[-1])},
                patches=[{"train.early_stopping": {"metric": "val_loss", "patience": max(3, view.epochs // 5)}}],
            )
