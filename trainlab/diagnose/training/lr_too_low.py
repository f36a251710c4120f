"""lr-too-low: the steps are too short for this run."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose._patches import epochs
from trainlab.diagnose._quantiles import median
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.training._lr import further, higher_lr
from trainlab.diagnose.view import View


class LrTooLow(Monitor, name="lr-too-low"):
    """The steps are so short that the run ends before the network has learned.

    Measured by the update ratio, never by the value of lr. The median step so far is shorter than 3e-4 of the
    weights (about 1e-3 is healthy) and none of the early steps was long. In addition the network has hardly begun
    to learn after `share` of the run (progress below a tenth), has covered less than a third of the way after half
    of it, or is behind a simple rule at the end. Whatever the score, it is also reported if all steps of the run so
    far would move the weights by less than `travel` of their size and the loss is where it began: a lucky start is
    not learning. At the end of a run it is reported for steps of any length, if all of them together would move the
    weights by less than `distance` of their size, and the loss has hardly left its start. Warmup does not count, and a
    run that has learned may take steps of any size. `unchanging-weights` reports a learning rate of zero before the
    first step.

    Do: Raise the learning rate until a typical step is a thousandth of the weights; `trainlab lr-range` finds it.
    More epochs help, too, but take longer.

    Picture:

        loss
        ln C|---....______        a line, hardly falling
            |                     then the run is over
          0 |'-.___               ten to a hundred times the rate
            +---------------- epoch

    Source: CS231n, "Babysitting the learning process": loss barely changing, learning rate probably too low.
    """

    of_progress: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = (
        "epoch",
        "end",
    )
    needs: ClassVar[tuple[str, ...]] = ("steps",)
    causes: ClassVar[tuple[str, ...]] = (
        "unchanging-weights",
        "bad-schedule",
        "symmetric-init",
        "tiny-input",
        "constant-feature",
        "signal-collapse",
        "dead-relu",
        "vanishing-gradient",
        "over-regularized",
    )

    ratio: float = setting(3e-4, "median length of a step, relative to the weights, that is too short", gt=0)
    share: float = setting(0.3, "share of the run after which some progress is expected", gt=0, lt=1)
    learned: float = setting(0.33, "progress that is expected after half of the run", gt=0, lt=1)
    margin: float = setting(0.1, "at the end: how far behind a simple rule counts as little learned", gt=0)
    travel: float = setting(0.02, "length of all steps, relative to the weights, on which nothing can be learned", gt=0)
    distance: float = setting(0.1, "the same at the end of a run, whatever the length of a single step", gt=0)
    burst: float = setting(0.1, "length of an early step, relative to the weights, that rules out a low lr", gt=0)
    steps: Count = setting(30, "steps before which it is not checked")

    def inspect(self, view: View) -> Iterable[Finding]:
        """After a good part of the run."""
        done = view.epoch - view.warmup
        if view.epoch >= view.epochs and self._short_walk(view):
            yield self._too_short(view)
            return
        if view.step < self.steps or done < max(1.0, self.share * view.epochs):
            return
        early = view.epoch < 0.5 * view.epochs
        learned = view.progress > (0.1 if early else self.learned) and not view.behind > self.margin
        if learned and (early or not self._unmoved(view)):
            return
        ratios = view.steps["update_ratio"]
        ratios = ratios[round(view.warmup * view.steps_per_epoch) :]
        ratios = ratios[np.isfinite(ratios)]
        typical = float(median(ratios)) if len(ratios) else float("nan")
        if learned and not typical * view.step < self.travel:
            return
        if typical < self.ratio and float(ratios[:100].max()) < self.burst:
            yield self.finding(
                view,
                f"The learning rate is too low: a typical step changes the weights by {typical:.1g} of their size, and "
                f"after {view.epoch} epochs little has been learned.",
                "Raise the learning rate until steps are about 1e-3 of the weights (`trainlab lr-range` finds it).",
                evidence={
                    "median_ratio": typical,
                    "lr": view.lr,
                    "progress": view.progress,
                    "threshold": self.ratio,
                },
                patches=higher_lr(view, typical),
            )

    def _short_walk(self, view: View) -> bool:
        """Whether the run was so short that its steps lead nowhere, and the loss shows it."""
        ratios = view.steps["update_ratio"]
        known = ratios[np.isfinite(ratios)]
        if not len(known) or not view.lr or view.step < view.steps_per_epoch:  # stopped within the first epoch
            return False
        walked = float(known.mean()) * view.step
        return walked < self.distance and self._unmoved(view)

    def _too_short(self, view: View) -> Finding:
        ratios = view.steps["update_ratio"]
        walked = float(ratios[np.isfinite(ratios)].mean()) * view.step
        return self.finding(
            view,
            f"The learning rate is too low for {view.step} steps: together they would change the weights by at most "
            f"{walked:.1g} of their size, and the loss is still where it began.",
            "Raise the learning rate, or train for many more epochs.",
            evidence={"walked": walked, "steps": view.step, "lr": view.lr, "threshold": self.distance},
            patches=[*further(view, walked), *epochs(view, 10)],
        )

    def _unmoved(self, view: View) -> bool:
        """Whether the training loss is where it was before the first step."""
        losses = view.curves["train_loss"]
        return len(losses) > 1 and bool(losses[-1] > 0.95 * losses[0])
