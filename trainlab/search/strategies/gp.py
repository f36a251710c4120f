"""Bayesian optimization: a Gaussian process of the scores, and the point with the largest expected improvement."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.search.distribution import BELOW_ONE, Distribution
from trainlab.search.distributions.choice import Choice
from trainlab.search.distributions.log import Log
from trainlab.search.gaussian_process import GaussianProcess
from trainlab.search.strategy import (
    Budget,
    Cohort,
    PastTrial,
    SampleRequest,
    Strategy,
    at_random,
    generations,
    spread_evenly,
    stream,
)
from trainlab.store.environment import thread_pools

_ANYWHERE, _AROUND, _BEST = 1000, 60, 5  # candidates in the whole space; around each of the best points; how many
_STEP = 0.15  # standard deviation of a step away from a best point
_MOVED = 0.4  # share of the settings that such a step changes
_APART = 0.02  # a candidate is new where some setting differs by this share of its range
_FEW = 64  # values of a whole number, up to which a point counts as the value it stands for


class Gp(Strategy, name="gp"):
    """A Gaussian process predicts the score of every point from the trials so far; the next trial is the point with the
    largest expected improvement. With tens of trials it needs about half as many as random search.

    The first `startup` trials are spread evenly. Then trials are drawn in generations, each from the results of all
    earlier ones: workers beyond `generation` wait. Within a generation each point is drawn as if those before it had
    come out as expected. Scores enter by their ranks, so one diverged trial does not flatten the others.

    Source: Jones, Schonlau & Welch 1998, "Efficient global optimization of expensive black-box functions"; Ginsbourger,
    Le Riche & Carraro 2010, "Kriging is well-suited to parallelize optimization" (the kriging believer); Salinas, Shen
    & Perrone 2020, "A quantile-based approach for hyperparameter transfer learning" (normal scores of ranks).
    """

    startup: Count = setting(10, "evenly spread trials at the start; earlier trials of the same space count")
    generation: Count = setting(4, "trials that are drawn together, from the same earlier results")

    def cohorts(self, budget: Budget) -> list[Cohort]:
        """The start, then the generations."""
        return generations(budget, self.startup, self.generation)

    def points(self, request: SampleRequest) -> Iterator[Sequence[float]]:
        """The point of the largest expected improvement, then the next best ones; evenly spread at the start."""
        if any(trial.score is not None for trial in (*request.prior, *request.past)):
            yield from _improving(request)
            yield from at_random(request)
        else:
            yield from spread_evenly(request)


def _improving(request: SampleRequest) -> list[list[float]]:
    """The trial's point, after those of its generation before it; then the next best ones, if it is not valid."""
    earlier = [*request.prior, *request.past]
    x = np.array([[*_place(trial, request.ranges), trial.alike] for trial in earlier], np.float64)
    y = _normal_scores([trial.score for trial in earlier])
    unordered = np.array([*(not _ordered(found) for found in request.ranges.values()), True])
    # one thread: threads of small matrices wait for each other longer than they compute
    with thread_pools().limit(limits=1, user_api="blas"):  # pyright: ignore[reportUnknownMemberType]
        model = GaussianProcess.fit(x, y, unordered, sparse=False)
        for number in range(request.together.start, request.trial):
            points, order = _ranked(model, request, number)
            model = model.with_point(np.append(_snapped(points, request.ranges)[order[0]], 0.0))
        points, order = _ranked(model, request, request.trial)
    return [points[i].tolist() for i in order[:_BEST]]


def _ranked(model: GaussianProcess, request: SampleRequest, number: int) -> tuple[Array, Array]:
    """The candidates (n, d) of a trial, and their order by expected improvement."""
    known = np.column_stack([model.x[:, :-1], np.zeros(len(model.x))])  # as if all were trials of this sweep
    fitted = model.predict(known)
    best = model.x[np.argsort(fitted, kind="stable")[:_BEST], :-1]
    points = _candidates(stream(request.seed, number), np.clip(best, 0.0, BELOW_ONE))
    places = np.column_stack([_snapped(points, request.ranges), np.zeros(len(points))])
    gain = _expected_improvement(*model.distribution(places), float(fitted.min()))
    tried = np.abs(places[:, None, :] - model.x[None]).max(axis=2) < _APART
    gain[tried.any(axis=1)] = -1.0  # nothing is learned from the same point again
    return points, np.argsort(-gain, kind="stable")


def _candidates(rng: np.random.Generator, best: Array) -> Array:
    """Points of the unit cube (n, d): anywhere, and around the best points (k, d)."""
    sides = best.shape[1]
    anywhere = rng.random((_ANYWHERE, sides))
    around = np.repeat(best, _AROUND, axis=0)
    moved = rng.random(around.shape) < max(_MOVED, 1 / sides)
    stepped = around + np.where(moved, rng.normal(0.0, _STEP, around.shape), 0.0)
    elsewhere = np.where(moved, rng.random(around.shape), around)
    return np.vstack([anywhere, np.clip(stepped, 0.0, BELOW_ONE), elsewhere])


def _expected_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """E[max(best - f, 0)] for f normal: d (z Phi(z) + phi(z)), z = (best - mean) / d."""
    from scipy.special import ndtr  # pyright: ignore[reportMissingTypeStubs] - SciPy brings none

    z = (best - mean) / deviation
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return deviation * (z * np.asarray(ndtr(z)) + density)


def _normal_scores(scores: Sequence[float | None]) -> Array:
    """The ranks of the scores, spread like a normal distribution; a trial without a score is the last."""
    from scipy.special import ndtri  # pyright: ignore[reportMissingTypeStubs] - SciPy brings none

    values = np.array([np.inf if score is None else score for score in scores])
    below = np.array([(values < v).sum() + 0.5 * (values == v).sum() for v in values])
    return np.asarray(ndtri(below / len(values)))


def _place(trial: PastTrial, ranges: Mapping[str, Distribution]) -> list[float]:
    """The trial's values as places between 0 and 1, beyond them outside of a range; the middle for a missing one."""
    return [_of_value(found, trial.values[path]) if path in trial.values else 0.5 for path, found in ranges.items()]


def _of_value(found: Distribution, value: Any) -> float:
    position = found.position(value)
    return position if position is not None and not 0 <= position <= 1 else found.share(value)


def _snapped(points: Array, ranges: Mapping[str, Distribution]) -> Array:
    """The places of the values that points (n, d) stand for: of all points of one option, or of 0, the middle."""
    snapped = points.copy()
    for column, found in zip(snapped.T, ranges.values(), strict=True):
        count = found.count()
        if isinstance(found, Choice):
            column[:] = (np.floor(column * len(found.options)) + 0.5) / len(found.options)
        elif isinstance(found, Log):
            column[column < found.zero] = found.share(0.0)
        elif count is not None and count <= _FEW:
            column[:] = [found.share(found.at(u)) for u in column.tolist()]
    return snapped


def _ordered(found: Distribution) -> bool:
    """Whether its values have an order: a range, or options that are rising or falling numbers."""
    if not isinstance(found, Choice):
        return True
    numbers = [v for v in found.options if isinstance(v, int | float) and not isinstance(v, bool)]
    return len(numbers) == len(found.options) and sorted(numbers) in (numbers, numbers[::-1])
