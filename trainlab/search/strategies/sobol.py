"""Sobol's sequence."""

from collections.abc import Iterator, Sequence

from trainlab.search.strategy import Budget, Cohort, SampleRequest, Strategy, at_random


class Sobol(Strategy, name="sobol"):
    """Points of Sobol's sequence, scrambled by the seed: they fill the space more evenly than random ones.

    Each half, quarter and eighth of a range gets one of the first 2, 4 and 8 trials. Use a power of two as the number
    of trials. A draw whose config is invalid is replaced by a random one.

    Source: Sobol' 1967; Owen 1998, "Scrambling Sobol' and Niederreiter-Xing points"; SciPy's `qmc.Sobol`.
    """

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """One cohort with all trials."""
        return [Cohort(range(1, budget.trials + 1))]

    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """The trial's place in the sequence, then random points."""
        from scipy.stats import qmc  # pyright: ignore[reportMissingTypeStubs] - SciPy has no types

        sequence = qmc.Sobol(len(request.ranges), scramble=True, rng=request.seed)
        if request.trial > 1:
            sequence.fast_forward(request.trial - 1)
        yield sequence.random(1)[0].tolist()
        yield from at_random(request)
