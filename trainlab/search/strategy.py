"""A strategy chooses the points of the search space, and how long each of them is trained.

Trials come in cohorts. Trials of one cohort are compared with each other, but do not learn from each other. A cohort
that waits is drawn when all earlier ones are over, and may learn from them. So the trials of a sweep depend on its
config alone, not on the number of workers or on interruptions.

To add a strategy, write one class in a file of its own in `trainlab/search/strategies`.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import Component, Settings, setting
from trainlab.core.scalars import MOST
from trainlab.core.types import Count
from trainlab.search.distribution import Distribution


class Stage(Settings):
    """A stage of `staged`: a number of trials and epochs, in ranges around the best earlier trials."""

    trials: Count = setting("how many trials")
    epochs: int | None = setting(None, "epochs of each trial; null: train.epochs", ge=1, le=MOST)
    zoom: float = setting(
        0.25,
        "share of the best trials around which the ranges are narrowed, among those with as many epochs as the stage "
        "before; 1: whole ranges",
        gt=0,
        le=1,
    )
    keep: int = setting(
        1,
        "number of the best trials that are trained again if this stage has more epochs; the others are new",
        ge=0,
    )


@dataclass(frozen=True, slots=True)
class Cohort:
    """Trials that are compared with each other.

    epochs: how long each is trained; None: train.epochs of the config or the draw · rungs: epochs after which only the
    best 1 / reduction_factor continue · waits: it is drawn when all earlier cohorts are over · zoom: its ranges are
    narrowed to this share of the best earlier trials · keep: how many of them are trained again.
    """

    trials: range
    epochs: int | None = None
    rungs: tuple[int, ...] = ()
    reduction_factor: int = 1
    waits: bool = False
    zoom: float = 1.0
    keep: int = 0

    @property
    def drawn(self) -> range:
        """The trials that are drawn; the others repeat trials of earlier cohorts."""
        return self.trials[self.keep :]

    def kept(self, trials: int) -> int:
        """The number of trials that continue at a rung, of so many."""
        return ceil(trials / self.reduction_factor)


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of a strategy: trials, epochs of a full trial, and the stages of the config.

    prior: how many trials of an earlier sweep are known.
    """

    trials: int
    epochs: int
    stages: Sequence[Stage] = ()
    prior: int = 0


@dataclass(frozen=True, slots=True)
class PastTrial:
    """An earlier trial: its values, and its score with the sign that makes less better; None without a score.

    alike: a number; trials of another number (of another sweep, or of other epochs) are only similar to those of this
    sweep, whose number is 0.
    """

    trial: int
    values: Mapping[str, Any]
    score: float | None
    alike: int = 0


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """The trial that needs a point: its number, of how many, in these ranges (by path, in alphabetic order).

    past: the trials of earlier cohorts, in their order, if its cohort waits · together: the drawn trials of its cohort
    · prior: the trials of an earlier sweep of the same settings, which may have had other epochs and ranges.
    """

    seed: int
    trial: int
    trials: int
    ranges: Mapping[str, Distribution]
    past: Sequence[PastTrial] = ()
    together: range = range(0)
    prior: Sequence[PastTrial] = ()


class Strategy(Component, kind="strategy", rooms=("trainlab.search.strategies",)):
    """How the trials of a sweep are chosen."""

    sets_epochs: ClassVar[bool] = False  # whether it decides how long a trial is trained
    extends: ClassVar[bool] = True  # whether the first trials stay the same if trials are added

    @abstractmethod
    def cohorts(self, budget: Budget) -> list[Cohort]:
        """All trials from 1 on, in cohorts."""

    @abstractmethod
    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """Endless points of the unit cube, a side per range. The next one is used if a point makes no valid config.

        They depend on `request` alone.
        """


def generations(budget: Budget, startup: int, size: int) -> list[Cohort]:
    """The start, which earlier trials shorten, then generations of so many trials, each drawn from all before it."""
    start = min(max(0, startup - budget.prior), budget.trials)
    found = [Cohort(range(1, start + 1))] if start else []
    for first in range(start + 1, budget.trials + 1, size):
        found.append(Cohort(range(first, min(first + size, budget.trials + 1)), waits=True))
    return found


def stream(seed: int, *key: int) -> np.random.Generator:
    """An independent generator for each key; the key of a trial is its number."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def at_random(request: SampleRequest) -> Iterator[Sequence[float]]:
    """Independent uniform points from the trial's own stream."""
    rng = stream(request.seed, request.trial)
    while True:
        yield rng.random(len(request.ranges)).tolist()


def spread_evenly(request: SampleRequest) -> Iterator[Sequence[float]]:
    """A Latin hypercube of the trials that are drawn together: each range is cut into as many equal intervals, and each
    trial gets a random place in one of them; then independent random points.
    """
    rng, sides = stream(request.seed, request.trial), len(request.ranges)
    if request.trial in request.together:
        shuffle, parts = stream(request.seed, 0, request.together.start), len(request.together)
        place = request.trial - request.together.start
        mine = [int(shuffle.permutation(parts)[place]) for _ in range(sides)]
        yield [(part + u) / parts for part, u in zip(mine, rng.random(sides).tolist(), strict=True)]
    while True:
        yield rng.random(sides).tolist()
