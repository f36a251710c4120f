"""The score by which `fix` compares its trials, and how much of it is chance."""

from dataclasses import dataclass

import numpy as np

from trainlab.data.dataset import IMBALANCED
from trainlab.store.columns import METRICS_OF
from trainlab.training.best import BALANCED
from trainlab.training.setup import TrainingSetup


@dataclass(frozen=True, slots=True)
class Score:
    """A column of metrics.csv, how many rows its noise is that of, and what a network without any skill reaches.

    measured: whether only this run's choice of `train.best` or of `metrics` makes it a column.
    """

    metric: str
    rows: int
    chance: float
    measured: bool


def score_of(setup: TrainingSetup) -> Score:
    """The metric that decides in the run, if it is a share (0 to 1) or R2; else the score of the task.

    Losses and errors have no scale on which the noise of a single run is known, and a patch of the loss changes them.
    The noise of a metric that treats classes alike is that of as many rows of each class as the rarest one has.
    """
    parts = setup.parts
    rows, part = (parts.val, "val") if parts.val is not None else (parts.train, "train")
    own = {f"val_{metric.column}": metric for metric in setup.metrics}
    metric = own.get(setup.best.metric)
    if parts.task.kind == "regression":
        known = metric is not None and metric.name == "explained_variance"
        return Score(setup.best.metric if known else f"{part}_r2", len(rows), 0.0, known)
    shares = metric is not None and metric.higher_is_better and metric.range == (0.0, 1.0)
    if not shares and part == "val" and setup.best.metric != "val_accuracy" and parts.imbalance >= IMBALANCED:
        metric, shares = own[f"val_{BALANCED}"], True
    if metric is None or not shares:
        return Score(f"{part}_{METRICS_OF[parts.task.kind]}", len(rows), parts.majority, False)
    counts = np.bincount(rows.y, minlength=parts.task.outputs)
    alike = int(counts[counts > 0].min()) * int(np.count_nonzero(counts))
    guess = {BALANCED: 1.0 / parts.task.outputs, "roc_auc": 0.5}.get(metric.name, 0.0)
    return Score(f"val_{metric.column}", alike, guess, True)
