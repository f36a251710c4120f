"""All pictures in the order in which a page shows them: of a run, of several runs, of a sweep.

Each name in a list is a file of this folder, whose function `pictures` gives the pictures that there is something to
draw for: `[]` if a run has no such numbers.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from trainlab.report.pictures.picture import Picture
from trainlab.report.sweep_record import SweepRecord
from trainlab.store.reading import RunRecord

RUN: tuple[str, ...] = (
    "loss",
    "score",
    "decision_regions",
    "metrics",
    "learning_rate",
    "update_ratio",
    "gradient_norm",
    "idle_units",
    "layer_values",
    "activations",
    "confusion",
    "predicted",
    "roc",
    "precision_recall",
    "reliability",
    "threshold",
    "first_weights",
)
RUNS: tuple[str, ...] = ("curves", "groups")
SWEEP: tuple[str, ...] = (
    "progress",
    "importance",
    "plane",
    "best_curves",
    "parameters",
    "parallel",
    "stages",
    "failures",
)


def of_run(record: RunRecord) -> list[Picture]:
    """Every picture of one run."""
    return [picture for name in RUN for picture in _module(name).pictures(record)]


def of_runs(records: Sequence[RunRecord], metric: str = "", group_by: Sequence[str] = ()) -> list[Picture]:
    """Every picture that compares runs: by their watched metric, or by this one."""
    return [picture for name in RUNS for picture in _module(name).pictures(records, metric, group_by)]


def of_sweep(sweep: SweepRecord) -> list[Picture]:
    """Every picture of a sweep."""
    return [picture for name in SWEEP for picture in _module(name).pictures(sweep)]


def _module(name: str) -> Any:
    return import_module(f"trainlab.report.pictures.{name}")
