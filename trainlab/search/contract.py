"""Laws of strategies and distributions: see `trainlab.tools.contract.check`."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from trainlab.core.component import make
from trainlab.search.distribution import Distribution
from trainlab.search.settings import Stage
from trainlab.search.strategy import Budget, PastTrial, SampleRequest, Strategy

_TRIALS, _EPOCHS = 12, 9
_PLACES = (0.0, 0.1, 0.37, 0.5, 0.9, 0.999)


def all_trials(strategy: Strategy) -> Iterator[str]:
    """Its cohorts hold all trials from 1 on, each drawn once."""
    drawn = [number for cohort in strategy.cohorts(_budget()) for number in cohort.drawn]
    if not drawn:
        yield "it has no trials"
    elif drawn != list(range(1, len(drawn) + 1)):
        yield f"the trials that are drawn are {drawn}, not 1, 2, 3, ..."


def points_of_the_cube(strategy: Strategy) -> Iterator[str]:
    """Its points lie in the unit cube and depend on the request alone."""
    ranges = {"a": make(Distribution, "uniform", range=[0, 1]), "b": make(Distribution, "log", range=[1e-3, 1])}
    past = [PastTrial(1, {"a": 0.2, "b": 0.01}, 0.5), PastTrial(2, {"a": 0.7, "b": 0.1}, 0.3)]
    for trial in (1, 5):
        request = SampleRequest(0, trial, _TRIALS, ranges, past, range(1, 7))
        found = [[list(point) for point in islice(strategy.points(request), 3)] for _ in range(2)]
        if any(len(point) != 2 or not all(0 <= u < 1 for u in point) for point in found[0]):
            yield f"a point must be 2 numbers in [0, 1) for 2 ranges; found {found[0]}"
        if found[0] != found[1]:
            yield "the same request gives other points the second time: draw from `stream(request.seed, request.trial)`"


def inverse(distribution: Distribution) -> Iterator[str]:
    """`share` is the inverse of `at`, and `ends` are values of it."""
    for u in _PLACES:
        value = distribution.at(u)
        if distribution.at(distribution.share(value)) != value and not _near(distribution, value):
            yield f"at(share({value!r})) is {distribution.at(distribution.share(value))!r}"
    if not distribution.ends():
        yield "it has no ends, which are checked before the first trial"


LAWS = {"strategy": [all_trials, points_of_the_cube], "distribution": [inverse]}


def _budget() -> Budget:
    return Budget(_TRIALS, _EPOCHS, (Stage(trials=_TRIALS, epochs=_EPOCHS),))


def _near(distribution: Distribution, value: Any) -> bool:
    again: Any = distribution.at(distribution.share(value))
    numbers = isinstance(value, float) and isinstance(again, float)
    return numbers and abs(again - value) <= 1e-9 * max(1.0, abs(value))
