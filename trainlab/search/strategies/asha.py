"""Successive halving by promotion."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.search.strategy import Budget, Cohort, SampleRequest, Strategy, at_random


class Asha(Strategy, name="asha"):
    """Successive halving: all trials start, and at each rung the best 1 / eta of them continue. No epoch is repeated.

    A rung is an epoch: `min_epochs` times a power of eta. A promoted trial resumes its run folder up to the next rung;
    the last one trains to train.epochs. Trials are compared within cohorts of successive numbers, which run at the same
    time. So a promotion does not depend on which trial was faster, as it does in the asynchronous original. Good
    settings that learn slowly (small learning rates, strong regularization) are stopped early: do not use it if the
    curves of trials cross.

    Source: Jamieson & Talwalkar 2016, "Non-stochastic best arm identification"; Li et al. 2020, "A system for
    massively parallel hyperparameter tuning" (ASHA, promotion type).
    """

    sets_epochs: ClassVar[bool] = True

    eta: int = setting(3, "the best 1 / eta of the trials continue at each rung", ge=2)
    min_epochs: Count = setting(1, "epochs of the first rung")
    cohort: int | None = setting(
        None,
        "number of trials that are compared with each other; null: eta to the number of rungs, so that one remains",
        ge=2,
    )

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """Groups of successive trials, all with the same rungs."""
        rungs = self.rungs(budget.epochs)
        size = self.cohort or max(self.eta, self.eta ** len(rungs))
        firsts = list(range(1, budget.trials + 1, size))
        if len(firsts) > 1 and budget.trials + 1 - firsts[-1] < size / 2:
            firsts.pop()  # a small last cohort joins the one before: alone, its trials would continue too easily
        ends = [*firsts[1:], budget.trials + 1]
        return [
            Cohort(range(n, end), rungs=rungs, reduction_factor=self.eta) for n, end in zip(firsts, ends, strict=True)
        ]

    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """Draws from the trial's own stream."""
        return at_random(request)

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """The epochs after which only the best trials of a cohort continue.

        >>> Asha(eta=3).rungs(30), Asha(eta=2, min_epochs=3).rungs(12)
        ((1, 3, 9, 27), (3, 6))
        """
        found: list[int] = []
        while (rung := self.min_epochs * self.eta ** len(found)) < epochs:
            found.append(rung)
        return tuple(found)
