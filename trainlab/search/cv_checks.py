"""Monitors of several runs together: the folds of a trial, and the ranges of a sweep."""

from collections.abc import Sequence
from typing import Any

from trainlab.core.component import brief
from trainlab.core.types import Task
from trainlab.diagnose.end.edge_of_range import EdgeOfRange
from trainlab.diagnose.end.suspicious_fold import SuspiciousFold
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.sweeps import FoldScores, SearchedRange
from trainlab.diagnose.view import Curves, Steps, View
from trainlab.search.distribution import Distribution
from trainlab.search.space import SearchSpace
from trainlab.search.table import Row
from trainlab.training.experiment import Experiment
from trainlab.training.monitor_settings import Monitoring

_TOP = 5  # best trials that are compared with the ends of a range


def suspicious_folds(experiment: Experiment, metric: str, scores: Sequence[float], rows: int) -> list[Finding]:
    """Findings about a cross-validation with these scores, on folds of so many rows."""
    view = _view(experiment.train.epochs, folds=FoldScores(metric, scores, rows))
    monitor = _active(experiment.monitors, SuspiciousFold)
    return list(monitor.inspect(view)) if monitor else []


def searched_too_short(space: SearchSpace, best: Sequence[Row]) -> list[Finding]:
    """Findings about ranges that end near the best trials; best: all finished trials, the best first."""
    monitor = _active(space.monitors, EdgeOfRange)
    if monitor is None or not best:
        return []
    found = (_searched(path, d, best, space) for path, d in space.distributions.items())
    view = _view(best[0].epochs, searched=[one for one in found if one is not None])
    return list(monitor.inspect(view))


def _searched(path: str, distribution: Distribution, best: Sequence[Row], space: SearchSpace) -> SearchedRange | None:
    """A range and its best trials; None for options, and where the best trial has no value of it."""
    drawn = [row for row in best if path in row.values]
    places = [distribution.position(row.values[path]) for row in drawn[:_TOP]]
    known = [place for place in places if place is not None]
    if not known or len(known) < len(places) or path not in best[0].values:
        return None
    return SearchedRange(
        path,
        best[0].values[path],
        known,
        len(drawn),
        _further(path, distribution, best[0], space, high=True),
        _further(path, distribution, best[0], space, high=False),
    )


def _further(
    path: str, distribution: Distribution, best: Row, space: SearchSpace, *, high: bool
) -> dict[str, Any] | None:
    """The range to try next at this end; None where the setting itself ends there."""
    wider = distribution.beyond(high=high)
    if wider is None or not space.allows(path, wider.ends()[-1 if high else 0], best.values):
        return None
    settings = brief(wider)
    name, first = settings.pop("name"), settings.pop(wider.first)
    return {name: first, **{key: value for key, value in settings.items() if value}}


def _active(monitoring: Monitoring, kind: Any) -> Any:
    return next((monitor for monitor in monitoring.active() if isinstance(monitor, kind)), None)


def _view(epochs: int, **measured: Any) -> View:
    """A view of no run in particular."""
    return View(
        epoch=epochs,
        step=0,
        epochs=epochs,
        steps_per_epoch=1,
        task=Task("classification", 2),
        chance=1.0,
        zero_loss=1.0,
        steps=Steps(),
        curves=Curves(),
        settings={},
        **measured,
    )
