"""Grid search."""

from collections.abc import Iterator, Sequence
from math import prod

from trainlab.search.distribution import Distribution
from trainlab.search.strategy import Budget, Cohort, SampleRequest, Strategy, at_random, stream


class Grid(Strategy, name="grid"):
    """Every combination of a few values of each setting: for comparisons, and for a space of two or three options.

    Each range is cut into equal intervals, and their midpoints are tried; a choice tries all its options. The grid has
    at least as many nodes as there are trials. The trials visit the nodes in random order. Most trials repeat a value
    of the one setting that matters, so random search finds more.

    Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", JMLR 13, figure 1.
    """

    extends = False

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """One cohort with all trials."""
        return [Cohort(range(1, budget.trials + 1))]

    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """The trial's node, then random points."""
        sides = levels(list(request.ranges.values()), request.trials)
        node = int(stream(request.seed, 0).permutation(prod(sides))[(request.trial - 1) % prod(sides)])
        point: list[float] = []
        for side in sides:
            node, place = divmod(node, side)
            point.append((place + 0.5) / side)
        yield point
        yield from at_random(request)


def levels(ranges: Sequence[Distribution], trials: int) -> list[int]:
    """Values per range in a grid of at least `trials` nodes: all options of a choice, the same number for the others.

    >>> from trainlab.core.component import make
    >>> lr = make(Distribution, "log", range=[0.001, 1.0])
    >>> name = make(Distribution, "choice", options=["adam", "sgd"])
    >>> levels([lr, name, lr], 18), levels([lr, name], 7), levels([name], 7)
    ([3, 2, 3], [4, 2], [2])
    """
    counts = [found.count() for found in ranges]
    sides = [
        count if count is not None and found.position(found.ends()[-1]) is None else 1
        for found, count in zip(ranges, counts, strict=True)
    ]
    while prod(sides) < trials:
        open_sides = [i for i, count in enumerate(counts) if count is None or sides[i] < count]
        if not open_sides:
            break
        least = min(open_sides, key=lambda i: (sides[i], i))
        sides[least] += 1
    return sides
