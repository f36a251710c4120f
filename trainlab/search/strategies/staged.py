"""Coarse to fine."""

from collections.abc import Iterator, Sequence
from math import ceil

from trainlab.search.strategy import Budget, Cohort, SampleRequest, Stage, Strategy, stream

_FEWEST = 4  # trials of a stage that is made up: three of them tell where to look next


class Staged(Strategy, name="staged"):
    """Random search in stages: many trials of a few epochs first, then longer ones where the best quarter lives.

    A few epochs tell hopeless settings from good ones. Each stage narrows every range to where the best of those before
    lie (in log space where the range is log; of options those remain that are among them), and lets it grow beyond an
    end at which they lie. Where the epochs grow, the best so far is trained again with them. The draws of a stage are
    spread evenly: each equal part of a range gets one. `stages` lists trials, epochs, zoom and keep. Without it the
    last three of eight trials get all epochs, in four stages, each around the best of all full trials so far; the fifth
    before them gets a quarter, and the rest an eighth: 0.48 of the epochs of a random search. Trials beyond the stages
    make more stages like the last.

    Source: CS231n, "Hyperparameter optimization": stage your search from coarse to fine; McKay, Beckman & Conover 1979,
    "A comparison of three methods for selecting values of input variables" (Latin hypercubes).
    """

    sets_epochs = True

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """One for each stage, which waits for those before."""
        found: list[Cohort] = []
        first, epochs = 1, 0
        for stage in _as_many(list(budget.stages) or stages_for(budget), budget.trials):
            trials, before, epochs = range(first, first + stage.trials), epochs, stage.epochs or budget.epochs
            if not found:
                found.append(Cohort(trials, epochs))
            else:
                keep = min(stage.keep, stage.trials) if epochs > before else 0
                found.append(Cohort(trials, epochs, waits=True, zoom=stage.zoom, keep=keep))
            first = trials.stop
        return found

    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """The trial's part of each range, a random place in it; then random points."""
        rng, sides = stream(request.seed, request.trial), len(request.ranges)
        if request.trial in request.together:
            shuffle, parts = stream(request.seed, 0, request.together.start), len(request.together)
            place = request.trial - request.together.start
            mine = [int(shuffle.permutation(parts)[place]) for _ in range(sides)]
            yield [(part + u) / parts for part, u in zip(mine, rng.random(sides).tolist(), strict=True)]
        while True:
            yield rng.random(sides).tolist()


def stages_for(budget: Budget) -> list[Stage]:
    """The stages for so many trials and epochs, where the config lists none.

    >>> [(s.trials, s.epochs) for s in stages_for(Budget(trials=20, epochs=24))]
    [(9, 3), (4, 6), (4, 24), (3, 24)]
    """
    full = max(1, budget.trials * 3 // 8)
    middle = round(budget.trials / 5)
    coarse = budget.trials - middle - full
    size = max(_FEWEST, ceil(full / 4))
    shares = [(coarse, 8), (middle, 4), *((min(size, full - done), 1) for done in range(0, full, size))]
    return [Stage(trials=n, epochs=max(1, round(budget.epochs / part))) for n, part in shares if n]


def _as_many(stages: Sequence[Stage], trials: int) -> Iterator[Stage]:
    """The stages, and more like the last one up to so many trials."""
    yield from stages
    left = trials - sum(stage.trials for stage in stages)
    while left > 0:
        yield stages[-1].model_copy(update={"trials": min(left, stages[-1].trials)})
        left -= stages[-1].trials
