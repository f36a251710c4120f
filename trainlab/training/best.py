"""Which metric decides which epoch of a run is the best, why, and what has to be measured for that.

There is one such metric in a run: the best weights are chosen by it, and early stopping, the schedule `plateau`, a
sweep, `fix` and the reports follow it unless they name another one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from trainlab.core.best import BestRule
from trainlab.core.component import find, make, plain, registered, spelled_name
from trainlab.core.metric_names import lower_is_better
from trainlab.core.problem import listed, nearest
from trainlab.core.types import Task
from trainlab.data.dataset import IMBALANCED, Splits
from trainlab.nn.metric import Metric
from trainlab.store.columns import METRICS_OF, metric_columns
from trainlab.training.experiment import Experiment

AUTO = "auto"  # train.best: that of early stopping, of the sweep or of the task
BEST = "best"  # where another metric is named: the one that decides
BALANCED = "balanced_accuracy"  # decides where classes are imbalanced
_MOST_TARGETS = 20  # of which each has a column of its own


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule for the best epoch, and why its metric decides."""

    rule: BestRule
    why: str

    @property
    def metric(self) -> str:
        """A column of metrics.csv."""
        return self.rule.metric

    def __str__(self) -> str:
        return f"by {self.metric}, because {self.why}"


def decide(experiment: Experiment, parts: Splits, metrics: Sequence[Metric]) -> Decision:
    """The metric that decides: what `train.best` names, else early stopping, else the sweep; else the task's.

    metrics: those that the run measures.
    """
    metric, why = _named(experiment, parts) or _of_task(experiment, parts)
    return Decision(BestRule(metric, falls(metric, metrics), experiment.train.ties), why)


def falls(column: str, metrics: Sequence[Metric]) -> bool:
    """Whether less of a column is better: as its metric says, otherwise by its name."""
    own = {metric.column: metric for metric in metrics}.get(column.partition("_")[2])
    return not own.higher_is_better if own is not None else lower_is_better(column)


def measured_metrics(experiment: Experiment, task: Task, *, imbalanced: bool = False) -> list[Metric]:
    """The metrics to compute beside the loss and the task's score: those of the config and those that are watched.

    Balanced accuracy is always among them where classes are imbalanced, and what counts in a task of another kind: F1
    of labels, the distance of levels, the error of each of several numbers in its own unit.
    """
    known = {*metric_columns(task.kind)}
    found = [metric for metric in experiment.metrics if f"val_{metric.column}" not in known]
    own = {f"val_{metric.column}" for metric in found}
    found += [metric for metric in _usual(task) if f"val_{metric.column}" not in own]
    known |= {f"val_{metric.column}" for metric in found}
    for column in (*(column for _, column in watched(experiment)), *[f"val_{BALANCED}"] * imbalanced):
        kind = find(Metric, column.removeprefix("val_"))
        if kind is not None and kind.suits(task) and column not in known and column.startswith("val_"):
            found.append(kind.model_validate({}))
            known.add(column)
    return found


def measured_columns(experiment: Experiment, task: Task) -> list[str]:
    """The columns of metrics.csv that hold a loss or a metric."""
    of_task = [column for column in metric_columns(task.kind) if column.startswith(("train_", "val_"))]
    return [*of_task, *(f"val_{metric.column}" for metric in measured_metrics(experiment, task))]


def unmeasured(metric: str, experiment: Experiment, tasks: Collection[Task]) -> tuple[str, str | None]:
    """Why a column that is not measured cannot be watched in these tasks, and the nearest one that can be."""
    columns = list(dict.fromkeys(column for task in tasks for column in measured_columns(experiment, task)))
    more = [f"val_{kind.name}" for kind in registered(Metric) if any(map(kind.suits, tasks))]
    bare = f"val_{metric}"
    near = bare if bare in (*columns, *more) else nearest(metric, [*columns, *more])
    meant = f"did you mean `{near}`?" if near else f"one of {listed([f'`{c}`' for c in columns])}, or add it to metrics"
    return f"nothing is measured as `{metric}`; {meant}", near


def _usual(task: Task) -> list[Metric]:
    """What is always measured in a task of this kind."""
    if task.kind == "multilabel":
        return [make(Metric, "f1")]
    if task.ordered:
        return [make(Metric, "mae")]
    several = task.kind == "regression" and 1 < task.outputs <= _MOST_TARGETS
    return [make(Metric, "mae", target=name) for name in task.names] if several else []


def watched(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """The metrics that a config names, each with the path of its setting; those of `best` and `auto` not."""
    train, sweep = experiment.train, sweep_metric(experiment)
    yield from ((path, name) for path, name in (("train.best", train.best), ("sweep.metric", sweep)) if _names(name))
    if train.early_stopping is not None and _names(train.early_stopping.metric):
        yield "train.early_stopping.metric", train.early_stopping.metric
    if _names(experiment.schedule.watched()):
        yield "schedule.metric", experiment.schedule.watched()


def sweep_metric(experiment: Experiment) -> str:
    """The metric that the sweep of a config names, empty without a sweep."""
    sweep: Any = experiment.sweep  # plain data or settings, depending on who has read the config
    if isinstance(sweep, Mapping):
        return str(cast("Mapping[str, Any]", sweep).get("metric") or BEST)
    return "" if sweep is None else str(sweep.metric)


def _names(metric: str) -> bool:
    return metric not in ("", AUTO, BEST)


def _named(experiment: Experiment, parts: Splits) -> tuple[str, str] | None:
    """The metric that the config names, and where. That of a sweep counts only if the run can measure it."""
    named = dict(watched(experiment))
    columns = measured_columns(experiment, parts.task)
    if named.get("sweep.metric") not in [c for c in columns if parts.val is not None or c.startswith("train_")]:
        named.pop("sweep.metric", None)
    reasons = {
        "train.best": "train.best names it",
        "train.early_stopping.metric": "early stopping watches it",
        "sweep.metric": "the sweep compares by it",
    }
    return next(((named[path], why) for path, why in reasons.items() if path in named), None)


def _of_task(experiment: Experiment, parts: Splits) -> tuple[str, str]:
    """The metric of the task, and why."""
    if parts.val is None:
        return "train_loss", "there are no validation rows"
    if parts.imbalance >= IMBALANCED and not parts.task.ordered:
        ratio, common = f"{parts.imbalance:.3g} times", f"{parts.majority:.0%}"
        why = f"the largest class has {ratio} as many rows as the smallest; always predicting it is {common} accurate"
        return f"val_{BALANCED}", why
    if experiment.train.early_stopping is not None:
        return "val_loss", "early stopping names no other metric"
    if sweep_metric(experiment):
        return "val_loss", "the sweep names no other metric"
    if parts.task.kind == "multilabel":
        return "val_loss", "of several labels it judges all probabilities"
    if spelled_name(plain(experiment.loss)) == "pinball":
        return "val_loss", "it judges all quantiles"
    if parts.task.ordered:
        return "val_mae", "it counts the levels between prediction and truth"
    return f"val_{METRICS_OF[parts.task.kind]}", f"it is the score of a {parts.task.kind}"
