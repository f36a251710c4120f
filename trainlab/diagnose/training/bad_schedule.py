"""bad-schedule: the learning-rate schedule harms the run."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class BadSchedule(Monitor, name="bad-schedule"):
    """The schedule raises the learning rate far above the chosen value, or lowers it to almost nothing before the
    network has learned.

    Measured on the schedule itself, which is known before the first step: its factor rises above `growth`. While
    training: the rate has fallen below a thousandth of its peak before 60 % of the run, and the network has covered
    less than two thirds of the way. In another program's training, whose schedule is not known, the rates of the
    last two epochs count: often a scheduler steps after each batch instead of each epoch. Warmup, cycles and
    restarts stay within the chosen rate and are not reported.

    Do: Let the schedule fall slowly from the chosen rate: cosine over the whole run needs no tuning. Where the rate
    must rise, use `warmup`, `one_cycle` or `cyclic`, which stay within the chosen rate.

    Picture:

        lr |  .'            lr |.
           |_.'                |  '.______ and the loss still high
           +-------- epoch     +---------- epoch
           grows for ever      too small before anything was learned

    Source: CS231n, "Annealing the learning rate": decay too aggressively and the system cools too quickly.
    """

    of_progress: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = (
        "start",
        "epoch",
    )
    needs: ClassVar[tuple[str, ...]] = ("lr_plan|steps",)

    growth: float = setting(3.0, "how many times the chosen lr the schedule may reach", gt=1)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step, and after an epoch while little has been learned."""
        plan = view.lr_plan
        if plan is None or not len(plan):
            yield from self._fallen(view)
            return
        peak = float(plan.max())
        if not view.step:
            if peak > self.growth:
                yield self.finding(
                    view,
                    f"The schedule raises the learning rate to {peak:.3g} times the chosen value.",
                    "Choose a schedule that decays: a decay factor below 1.",
                    evidence={"peak": peak, "threshold": self.growth},
                    patches=[{"schedule": {"name": "cosine"}}, {"schedule": {"name": "constant"}}],
                )
            return
        at = min(len(plan) - 1, round(view.epoch / max(1, view.epochs) * (len(plan) - 1)))
        ahead = float(plan[at:].max())
        if view.epoch > view.warmup and view.epoch < 0.6 * view.epochs and ahead < 1e-3 * peak and view.progress < 0.67:
            yield self.finding(
                view,
                f"In epoch {view.epoch} of {view.epochs} the schedule has lowered the learning rate to {plan[at]:.1g} "
                "of the chosen value for the rest of the run, and the network has not learned yet.",
                "Decay later or less: cosine falls over the whole run.",
                evidence={"factor": float(plan[at]), "progress": view.progress},
                patches=[{"schedule": {"name": "constant"}}, {"schedule": {"name": "cosine"}}],
            )

    def _fallen(self, view: View) -> Iterable[Finding]:
        """Where the schedule is not known, as in another program: the rates of the last two epochs."""
        rates, lately = view.steps["lr"], view.steps.tail("lr", 2 * view.steps_per_epoch)
        if view.epoch < 2 or view.epoch >= 0.6 * view.epochs or view.progress >= 0.67 or not np.isfinite(rates).all():
            return
        peak, now = float(rates.max()), float(lately.max())
        if 0 < now < 1e-3 * peak:
            yield self.finding(
                view,
                f"In epoch {view.epoch} of {view.epochs} the learning rate has fallen from {peak:.2g} to "
                f"{lately[-1]:.2g}, and the network has not learned yet.",
                "Check whether the scheduler is meant to step once an epoch, but steps after each batch.",
                evidence={"peak": peak, "lr": float(lately[-1]), "progress": view.progress},
            )
