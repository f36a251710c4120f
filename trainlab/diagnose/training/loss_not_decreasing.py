"""loss-not-decreasing: the training loss does not fall."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose._patches import heavy_dropout, init, less_dropout, norm
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.forecast import CLEAR, expected_fall
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import adaptive, other_lr
from trainlab.diagnose.trend import falls
from trainlab.diagnose.view import View

_USUAL = (5e-4, 2e-2)  # lengths of a step, relative to the weights, that do not explain why nothing is learned


class LossNotDecreasing(Monitor, name="loss-not-decreasing"):
    """After a good part of the run the training loss is still where it began, near chance: nothing has been learned.

    Measured on the best epoch so far, relative to the smaller of the first epoch's loss and the loss at chance,
    once `share` of the run, `steps` steps and the warmup are over. Where no score is known, as in some logs, a loss
    that varies widely is still there if its median over the last third of the epochs is that of the first third,
    within the noise. A run that learned first and then stopped is not reported here. Neither is a run whose score has
    improved by `right`, whatever its loss, nor one whose loss began far above chance and falls steadily:
    `not-converged` judges that.

    Do: Find a learning rate with `trainlab lr-range`. If none works, run `trainlab check`: gradients may not reach
    the first layer, inputs may have no effect, or labels may not belong to the rows.

    Picture:

        loss
        ln C|.--..-.-..--.-.---.-  where it began
            |
          0 |  (normally it falls)
            +--------------------- epoch

    Source: CS231n, "Babysitting the learning process": loss barely changing means too low a learning rate, or
    gradients that do not arrive.
    """

    when: ClassVar[tuple[When, ...]] = ("epoch",)
    of_progress: ClassVar[bool] = True
    causes: ClassVar[tuple[str, ...]] = (
        *("bad-values", "constant-feature", "unscaled-input", "tiny-input", "outlier-input", "unscaled-target"),
        *("corrupt-labels", "symmetric-init", "signal-collapse", "signal-explosion", "input-ignored", "output-range"),
        *("unchanging-weights", "momentum-too-high", "bad-schedule", "lr-too-high", "lr-too-low", "exploding-loss"),
        *("over-regularized", "dead-relu", "saturated-activation", "vanishing-gradient", "initial-loss"),
        *("missing-nonlinearity",),
    )

    share: float = setting(0.3, "share of the run's epochs after which it should have begun to learn", gt=0, le=1)
    steps: Count = setting(100, "steps before which it is not checked")
    learned: float = setting(0.05, "fall of the loss, relative to its start, that counts as learning", gt=0, lt=1)
    right: float = setting(0.2, "progress of the score from chance to perfect that counts as learning", gt=0, lt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """When the best training loss so far is not below (1 - learned) of its start."""
        warmup = float(view.settings.get("schedule", {}).get("warmup") or 0.0)
        if view.step < self.steps or view.epoch < max(2.0, self.share * view.epochs, warmup + 2):
            return
        losses = view.curves["train_loss"]
        first, later = losses[0], losses[1:]
        later = later[np.isfinite(later)]
        start = min(float(first), view.chance) if np.isfinite(first) else view.chance
        if not len(later) or not np.isfinite(start):
            return
        best = float(later.min())
        scores = [view.curves[f"{split}_{view.curves.score}"][1:] for split in ("train", "val")]
        only_losses = not np.isfinite(scores).any()  # of a log: the chance level is a guess, and noise decides
        wavers = only_losses and best > 0.5 * start and not falls(later)
        where_it_began = best > (1.0 - self.learned) * start or wavers
        falling = best > view.chance and expected_fall(view) > CLEAR
        if where_it_began and view.progress < self.right and not falling:
            noise = less_dropout(view) if heavy_dropout(view) else []
            yield self.finding(
                view,
                f"After {view.epoch} epochs the best training loss is {best:.3g}, hardly below {start:.3g} (its "
                "start, or chance): nothing has been learned.",
                "Find a learning rate with `trainlab lr-range`; check that gradients reach the first layer, and that "
                "the labels belong to the rows.",
                evidence={"best": best, "start": start, "chance": view.chance, "threshold": self.learned},
                patches=[*noise, *init(view), *_other_steps(view), *norm(view)],
            )


def _other_steps(view: View) -> list[dict[str, Any]]:
    """Another rate if the steps are far from usual, and Adam; in this order only if they are."""
    ratios = view.steps["update_ratio"]
    ratios = ratios[np.isfinite(ratios)]
    usual = bool(len(ratios)) and _USUAL[0] < float(median(ratios)) < _USUAL[1]
    return [*adaptive(view), *other_lr(view)] if usual else [*other_lr(view), *adaptive(view)]
