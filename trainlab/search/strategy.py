"""A strategy chooses the points of the space that are tried, and how far each of them is trained.

Trials come in cohorts. Those of one cohort are compared with each other and know nothing of each other; a cohort that
waits is drawn when all earlier ones are over, and may learn from them. So the trials of a sweep depend on its config
alone, whatever the number of workers and whenever it was stopped.

To add one, write one class in one file of `trainlab/search/strategies`.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import Component, Settings, setting
from trainlab.core.types import Count
from trainlab.search.distribution import Distribution


class Stage(Settings):
    """A stage of `staged`: so many trials of so many epochs, in ranges around the best of those before."""

    trials: Count = setting("how many settings are tried")
    epochs: int | None = setting(None, "how long each is trained; null: train.epochs", ge=1)
    zoom: float = setting(
        0.25,
        "draw from where the best trials live, this share of all that had as many epochs as those of the stage before; "
        "1: from the whole",
        gt=0,
        le=1,
    )
    keep: int = setting(
        1, "so many of these best trials are trained again, if this stage's epochs are more; the others are new", ge=0
    )


@dataclass(frozen=True, slots=True)
class Cohort:
    """Trials that are compared with each other.

    epochs: how long each is trained; None: train.epochs of the config or the draw · rungs: epochs after which only the
    best 1 / reduction_factor continue · waits: it is drawn when all earlier cohorts are over · zoom: its ranges are
    narrowed to where the best of the earlier trials lie, this share of them.
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
        """The trials that are drawn, those that are not kept from before."""
        return self.trials[self.keep :]

    def kept(self, trials: int) -> int:
        """How many of so many trials go on at a rung."""
        return ceil(trials / self.reduction_factor)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a strategy may spend: trials, the epochs of a full one, and the stages that the config asks for."""

    trials: int
    epochs: int
    stages: Sequence[Stage] = ()


@dataclass(frozen=True, slots=True)
class PastTrial:
    """What came of an earlier trial: its values, and its score turned so that less is better; None if it has none."""

    trial: int
    values: Mapping[str, Any]
    score: float | None


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """What a point is chosen for: a trial's number, of how many, in these ranges (by path, in alphabetic order).

    past: the trials of earlier cohorts, in their order, for a cohort that waits · together: those trials of its cohort
    that are drawn.
    """

    seed: int
    trial: int
    trials: int
    ranges: Mapping[str, Distribution]
    past: Sequence[PastTrial] = ()
    together: range = range(0)


class Strategy(Component, kind="strategy", rooms=("trainlab.search.strategies",)):
    """How the trials of a sweep are chosen."""

    sets_epochs: ClassVar[bool] = False  # whether it says how long a trial is trained
    extends: ClassVar[bool] = True  # whether more trials leave the first ones as they are

    @abstractmethod
    def cohorts(self, budget: Budget) -> list[Cohort]:
        """All trials from 1 on, in cohorts."""

    @abstractmethod
    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """Points of the unit cube, a side per range; those after the first are asked for if it makes no valid config.

        They depend on `request` alone. There is no end to them.
        """


def stream(seed: int, *key: int) -> np.random.Generator:
    """A generator of one's own, whatever was drawn for others: a trial's has its number as key."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def at_random(request: SampleRequest) -> Iterator[Sequence[float]]:
    """Independent uniform points from the trial's own stream."""
    rng = stream(request.seed, request.trial)
    while True:
        yield rng.random(len(request.ranges)).tolist()
