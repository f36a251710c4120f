"""Random search."""

from collections.abc import Iterator, Sequence

from trainlab.search.strategy import Budget, Cohort, SampleRequest, Strategy, at_random


class Random(Strategy, name="random"):
    """Independent draws: each trial tries a new value of the one setting that matters, unlike most points of a grid.

    Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", JMLR 13.
    """

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """One cohort with all trials."""
        return [Cohort(range(1, budget.trials + 1))]

    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """Draws from the trial's own stream."""
        return at_random(request)
