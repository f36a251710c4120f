"""Chooses the threshold of a run's labels and the temperature of its probabilities on validation rows, and keeps them.

Both are for the best weights and lie in the folder's decision.json. Test rows are never looked at.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.component import find, make, names
from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.core.types import Array, Task
from trainlab.inference.ensemble.ensemble import Ensemble, is_ensemble
from trainlab.inference.loading import load_model
from trainlab.inference.model import Model, NoRowsError, TrainedNetwork, require_threshold
from trainlab.nn.metric import Metric, MetricInput
from trainlab.store.decision import PLAIN, Decision, Temperature, Threshold, write_decision
from trainlab.store.folder import RunFolder
from trainlab.store.status import relist
from trainlab.training.calibration import fit_temperature

_MOST = 2000  # thresholds that are tried
_ONE_SIDED = {"precision": "high", "recall": "low"}  # metrics that are best at the end of the range


@dataclass(frozen=True, slots=True)
class Decided:
    """What was chosen for a run or an ensemble, and the file that keeps it."""

    run: str
    decision: Decision
    file: Path


def choose_threshold(
    run: Path | str, rule: str | float, *, positive: str | None = None, runs: Path = Path("runs")
) -> Decided:
    """Choose the threshold of a run or an ensemble with two classes, and keep it in its folder.

    rule: a metric of labels that is to be largest on the validation rows (`f1`, `balanced_accuracy`, ...), a number
    from 0 to 1, or `none` for the most probable class again · positive: the class that the threshold is for; by default
    the second one. Raises UserError if there are no validation rows, not two classes, or no such metric.
    """
    name, model = load_model(run, runs)
    folder = _folder(run, runs)
    kept = model.decision
    with folder.lock():
        if rule == "none":
            decision = replace(kept, threshold=None)
        else:
            named = positive if positive is not None else _second(model)
            require_threshold(model, named)
            decision = Decision(kept.temperature, _threshold(model, rule, named), model.epoch)
        _keep(folder, decision)
    return Decided(name, decision, folder.decision)


def calibrate(run: Path | str, *, remove: bool = False, runs: Path = Path("runs")) -> Decided:
    """Fit a run's temperature to its validation rows, or remove it, and keep that in its folder.

    A threshold that a metric had chosen is chosen again, because the probabilities have changed; a given number stays.
    Raises UserError for an ensemble, a loss without probabilities, and a run without validation rows.
    """
    name, model = load_model(run, runs)
    if isinstance(model, Ensemble):
        raise UserError(f"{run}: calibrate the members of an ensemble before it is made, each with its own rows")
    folder = _folder(run, runs)
    old = model.decision
    plain = replace(model, decision=PLAIN)
    with folder.lock():
        temperature = None if remove else _temperature(plain)
        decision = Decision(temperature, None, model.epoch)
        if old.threshold is not None:
            again = old.threshold.metric or old.threshold.value
            new = _threshold(replace(plain, decision=decision), again, old.threshold.positive)
            decision = replace(decision, threshold=new)
        _keep(folder, decision)
    return Decided(name, decision, folder.decision)


def _keep(folder: RunFolder, decision: Decision) -> None:
    write_decision(folder.decision, decision)
    relist(folder.path, folder.decision.name)


def best_threshold(metric: Metric, positive: int, sure: Array, truth: Array, task: Task) -> tuple[float, float, float]:
    """The threshold with the best value of a metric, this value, and the value at 0.5.

    sure (n,): probability of the positive class · truth (n,): whether the row is of it. Candidates lie half-way between
    neighboring probabilities, so that rounding moves no row to the other side; of equally good ones it is the one
    nearest to 0.5.
    """
    levels = np.unique(sure.astype(np.float64))
    if len(levels) > _MOST:
        levels = np.unique(np.quantile(levels, np.linspace(0, 1, _MOST)))
    middle = (levels[1:] + levels[:-1]) / 2
    candidates = np.concatenate([[0.5, levels[0] / 2], middle, [(levels[-1] + 1) / 2]])
    rows, score = len(sure), np.sort(sure)
    hits = np.append(np.cumsum(truth[np.argsort(sure, kind="stable")][::-1])[::-1], 0)  # positives from a place on
    place = np.searchsorted(score, candidates, side="left")
    true, said = hits[place], rows - place
    found = [
        _value(metric, positive, task, float(t), float(s - t), float(hits[0] - t), float(rows - s - hits[0] + t))
        for t, s in zip(true, said, strict=True)
    ]
    values = np.array(found) * (1.0 if metric.higher_is_better else -1.0)
    known = np.where(np.isfinite(values), values, -np.inf)
    equal = np.flatnonzero(known >= known.max() - 1e-12)
    best = int(equal[np.argmin(np.abs(candidates[equal] - 0.5))])
    return float(candidates[best]), found[best], found[0]


def _value(metric: Metric, positive: int, task: Task, true: float, false: float, missed: float, rest: float) -> float:
    """The metric of four rows that stand for the cells of the confusion matrix, by their weights."""
    other = 1 - positive
    t, y = np.array([positive, other, positive, other]), np.array([positive, positive, other, other])
    cells = np.array([true, false, missed, rest])
    some = cells > 0
    return metric.value(MetricInput(task, t[some], y[some], weights=cells[some]))


def _threshold(model: Model, rule: str | float, positive: str) -> Threshold:
    value = _number(rule)
    if value is not None:
        if not 0 <= value <= 1:
            raise UserError(f"threshold {rule}: a probability from 0 to 1 is needed")
        return Threshold(value, positive)
    metric, index = _metric(str(rule), positive), model.classes.index(positive)
    x, y = _validation(model, "a threshold")
    sure, truth = model.certainty(model.outputs(x).astype(np.float64))[0][:, index], y == index
    if truth.all() or not truth.any():
        raise UserError(
            f"the validation rows are all {'' if truth.any() else 'not '}`{positive}`: give a number instead"
        )
    found, best, half = best_threshold(metric, index, sure, truth, model.task)
    return Threshold(found, positive, metric.name, len(y), (half, best))


def _metric(name: str, positive: str) -> Metric:
    """The metric of labels with this name, of the positive class where it is of one class."""
    if name in _ONE_SIDED:
        raise UserError(
            f"threshold {name}: {name} alone is best at a very {_ONE_SIDED[name]} threshold; choose f1 or "
            "balanced_accuracy, or give a number"
        )
    allowed = label_metrics()
    if name not in allowed:
        near = nearest(name, allowed)
        meant = f"did you mean `{near}`?" if near else f"it is a number, `none`, or one of {listed(allowed)}"
        raise UserError(f"threshold {name}: no such rule; {meant}")
    settings = {"class": positive} if "class_" in (find(Metric, name) or Metric).model_fields else {}
    return make(Metric, name, **settings)


def label_metrics() -> list[str]:
    """The metrics of two classes' labels: a threshold can be chosen by them."""
    return [name for name in names(Metric) if name not in _ONE_SIDED and _of_labels(make(Metric, name))]


def _of_labels(metric: Metric) -> bool:
    two = Task("classification", 2)
    if two.kind not in metric.tasks or metric.probabilistic:
        return False
    try:
        metric.check(two)
        metric.value(MetricInput(two, np.array([0, 1]), np.array([0, 1])))
    except (UserError, ValueError, TypeError):  # it asks for scores
        return False
    return True


def _temperature(model: TrainedNetwork) -> Temperature:
    if model.certainty(np.zeros((1, model.loss.units(model.task))))[1] != "probability":
        raise UserError(f"{model.loss.name} gives no probabilities that could be calibrated")
    x, y = _validation(model, "a temperature")
    return fit_temperature(model.loss, model.outputs(x), y, model.task)


def _validation(model: Model, what: str) -> tuple[Any, Array]:
    """Prepared validation rows and their classes."""
    try:
        return model.rows("val")
    except NoRowsError:
        advice = "; a threshold may be given as a number" if what == "a threshold" else ""
        raise UserError(
            f"{what} is chosen on validation rows, never on test rows, and there are none (data.split.val: 0){advice}"
        ) from None


def _second(model: Model) -> str:
    return model.classes[-1] if model.classes else ""


def _number(rule: str | float) -> float | None:
    try:
        return float(rule)
    except ValueError:
        return None


def _folder(run: Path | str, runs: Path) -> RunFolder:
    for path in (Path(run), runs / run):
        if is_ensemble(path):
            return RunFolder(path)
    return RunFolder.open(run, runs)
