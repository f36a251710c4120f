"""Coarse to fine."""

from collections.abc import Iterator, Sequence
from math import ceil

from trainlab.search.strategy import Budget, Cohort, SampleRequest, Stage, Strategy, spread_evenly

_FEWEST = 4  # trials of an automatic stage: the next one is drawn around the best three


class Staged(Strategy, name="staged"):
    """Random search in stages: many trials of a few epochs first, then longer ones around the best quarter.

    A few epochs are enough to recognize hopeless settings. Each stage narrows every range to the values of the best
    earlier trials (in log space if the range is log; a choice keeps the options that occur among them). A range grows
    beyond an end if the best values lie at this end. If a stage has more epochs than the one before, the best trial is
    trained again with them. The draws of a stage are spread evenly: a range is cut into equal intervals, and each gets
    one draw. `stages` lists trials, epochs, zoom and keep. Without it, the last 3/8 of the trials get all epochs, in
    four stages, each around the best full trials so far; the 1/5 before them get a quarter of the epochs, and the
    others an eighth. This takes 0.48 of the epochs of a random search. Trials beyond the listed stages form more stages
    like the last one.

    Source: CS231n, "Hyperparameter optimization": stage your search from coarse to fine; McKay, Beckman & Conover 1979,
    "A comparison of three methods for selecting values of input variables" (Latin hypercubes).
    """

    sets_epochs = True

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """One cohort per stage; it waits for the earlier ones."""
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
        """A random place in the trial's interval of each range; then random points."""
        return spread_evenly(request)


def stages_for(budget: Budget) -> list[Stage]:
    """The stages for a budget if the config lists none.

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
    """The stages, and more like the last one until there are `trials` trials."""
    yield from stages
    left = trials - sum(stage.trials for stage in stages)
    while left > 0:
        yield stages[-1].model_copy(update={"trials": min(left, stages[-1].trials)})
        left -= stages[-1].trials
