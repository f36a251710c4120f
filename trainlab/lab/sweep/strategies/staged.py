"""Coarse to fine."""

from collections.abc import Iterator, Sequence
from math import ceil

from trainlab.lab.sweep.strategy import Budget, Cohort, Draw, Stage, Strategy, at_random


class Staged(Strategy, name="staged"):
    """Random search in stages: many trials of a few epochs first, then longer ones where the best quarter lives.

    A few epochs tell hopeless settings from good ones. Each stage narrows every range to where the best of the stage
    before lie (in log space where the range is log; of options those remain that are among them), and lets it grow
    beyond an end at which they lie. `stages` lists trials, epochs and zoom; without it half of the trials get an eighth
    of the epochs, three tenths a third, the rest all of them: 0.36 of the epochs of a random search. Trials that are
    added to a sweep join its last stage.

    Source: CS231n, "Hyperparameter optimization": stage your search from coarse to fine.
    """

    sets_epochs = True

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """One for each stage, which waits for the one before."""
        found: list[Cohort] = []
        first = 1
        stages = list(budget.stages) or stages_for(budget)
        for i, stage in enumerate(stages):
            last = first + stage.trials if i < len(stages) - 1 else max(first + stage.trials, budget.trials + 1)
            zoom = stage.zoom if i else 1.0
            found.append(Cohort(range(first, last), stage.epochs or budget.epochs, waits=i > 0, zoom=zoom))
            first = last
        return found

    def points(self, draw: Draw) -> Iterator[Sequence[float]]:
        """Draws from the trial's own stream, in the ranges of its stage."""
        return at_random(draw)


def stages_for(budget: Budget) -> list[Stage]:
    """The stages for so many trials and epochs, where the config lists none.

    >>> [(s.trials, s.epochs) for s in stages_for(Budget(trials=20, epochs=24))]
    [(10, 3), (6, 8), (4, 24)]
    """
    coarse, middle = ceil(budget.trials / 2), round(0.3 * budget.trials)
    shares = ((coarse, 8), (middle, 3), (budget.trials - coarse - middle, 1))
    return [Stage(trials=n, epochs=max(1, round(budget.epochs / part))) for n, part in shares if n]
