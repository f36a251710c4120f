"""The metrics of each epoch, the best epoch so far, and the time that training has taken."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import numpy as np

from trainlab.core.metric_names import lower_is_better
from trainlab.core.types import Array
from trainlab.diagnose.view import Curves
from trainlab.engine.evaluator import Evaluator, Scores
from trainlab.engine.trainer import Trainer
from trainlab.store.columns import METRICS_OF
from trainlab.store.status import Best
from trainlab.training.setup import TrainingSetup


class Stopwatch:
    """Seconds of training, those of earlier sessions included."""

    def __init__(self) -> None:
        self.restart(0.0)

    def restart(self, earlier: float) -> None:
        """Count on from so many seconds."""
        self._earlier, self._began = earlier, monotonic()

    @property
    def seconds(self) -> float:
        """Seconds until now."""
        return self._earlier + monotonic() - self._began


class BestTracker:
    """The best epoch so far by one metric, with a copy of its weights. val_loss breaks ties."""

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.epoch, self.value, self._tie = -1, float("nan"), float("inf")
        self.weights: dict[str, Array] = {}

    @property
    def best(self) -> Best | None:
        """Metric, value and epoch, as status.json has them; None before the first epoch that counts."""
        return Best(self.metric, float(self.value), self.epoch) if self.epoch >= 0 else None

    def prefer(self, metric: str) -> None:
        """Follow this metric instead, unless an epoch was tracked already."""
        if self.epoch < 0:
            self.metric = metric

    def improves(self, row: Mapping[str, Any]) -> bool:
        """Whether this epoch is better than the best so far. An epoch whose metric is not finite never is."""
        value = row.get(self.metric)
        if value is None or not np.isfinite(value):
            return False
        if self.epoch < 0 or value == self.value:
            return self.epoch < 0 or _tie(row) < self._tie
        return (value < self.value) == lower_is_better(self.metric)

    def update(self, row: Mapping[str, Any], weights: Mapping[str, Array]) -> None:
        """Make this epoch the best one and copy its weights."""
        self.epoch, self.value, self._tie = row["epoch"], row[self.metric], _tie(row)
        self.weights = {name: a.copy() for name, a in weights.items()}

    def state(self) -> dict[str, Any]:
        """All but the weights, as plain data."""
        return {"metric": self.metric, "value": self.value, "epoch": self.epoch, "tie": self._tie}

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Array]) -> None:
        """Continue from a saved state."""
        self.metric, self.epoch, self.value, self._tie = (state[k] for k in ("metric", "epoch", "value", "tie"))
        self.weights = dict(weights)


class EpochMetrics:
    """Evaluates the network after each epoch and keeps the rows of metrics.csv: `curves`, and the best epoch: `best`.

    The training scores of an epoch are those of its batches as they were trained on; validation rows are evaluated
    after it, with the averaged weights where `train.average` is set.
    """

    def __init__(self, setup: TrainingSetup, trainer: Trainer) -> None:
        self.setup, self.trainer = setup, trainer
        self.score = METRICS_OF[setup.parts.task.kind]
        self.evaluator = Evaluator(setup.net, setup.config.loss, regression=setup.config.regression)
        self.clock, self.curves = Stopwatch(), Curves()
        self.best = BestTracker(self._watched())
        self._target_variance = self._variance()

    def first_row(self) -> dict[str, Any]:
        """Epoch 0: the row of the network before its first step."""
        setup = self.setup
        return self._row(self.evaluator.scores(setup.parts.train.x, setup.t_train, setup.w_train), None, None)

    def epoch_row(self) -> dict[str, Any]:
        """The row of the epoch that has just ended."""
        sums = self.trainer.pop_sums()
        rows, steps = max(1, sums.rows), max(1, sums.steps)
        accuracy, r2 = sums.hits / rows, 1.0 - sums.squares / rows / self._target_variance
        score = r2 if self.setup.config.regression else accuracy
        return self._row(Scores(sums.loss / rows, score), sums.grad_norm / steps, sums.update_ratio / steps)

    def stopped_improving(self) -> str:
        """Why early stopping ends the run after this epoch; empty if it does not."""
        rule = self.setup.experiment.train.early_stopping
        if rule is None:
            return ""
        history = [row[rule.metric] for row in self.curves.rows if row.get(rule.metric) is not None]
        if not rule.should_stop(history, lower_is_better(rule.metric)):
            return ""
        return f"{rule.metric} did not improve for {rule.patience} epochs"

    def restore(self, rows: Sequence[Mapping[str, Any]], seconds: float) -> None:
        """Continue from the rows of earlier sessions, which took so many seconds."""
        self.clock.restart(seconds)
        for row in rows:
            self.curves.append(row)

    def _row(self, train: Scores, grad_norm: float | None, update_ratio: float | None) -> dict[str, Any]:
        """The epoch's row, after the curves, the best epoch and the schedule have taken note of it."""
        trainer, val = self.trainer, None
        with trainer.averaged():
            if self.setup.parts.val is not None and self.setup.t_val is not None:
                val = self.evaluator.scores(self.setup.parts.val.x, self.setup.t_val, self.setup.w_val)
        row: dict[str, Any] = {
            "epoch": trainer.epoch,
            "step": trainer.step,
            "seconds": round(self.clock.seconds, 3),
            "lr": trainer.lr,
            "train_loss": train.loss,
            f"train_{self.score}": train.score,
            "val_loss": val.loss if val else None,
            f"val_{self.score}": val.score if val else None,
            "reg_loss": trainer.penalty(),
            "grad_norm": grad_norm,
            "update_ratio": update_ratio,
        }
        self.curves.append(row)
        if self.best.improves(row):
            with trainer.averaged():
                self.best.update(row, self.setup.net.params)
        if trainer.step and (watched := self.setup.config.schedule.watched()):
            trainer.report_metric(_lower_is_better(watched, row))
        return row

    def _watched(self) -> str:
        if self.setup.experiment.train.early_stopping is not None:
            return self.setup.experiment.train.early_stopping.metric
        return f"val_{self.score}" if self.setup.t_val is not None else "train_loss"

    def _variance(self) -> float:
        """Variance of the training targets, summed over their columns: R2 compares with it."""
        if not self.setup.config.regression:
            return 1.0
        return float(np.var(self.setup.t_train.astype(np.float64), axis=0).sum()) or float("nan")


def _tie(row: Mapping[str, Any]) -> float:
    loss = row.get("val_loss")
    return 0.0 if loss is None else loss


def _lower_is_better(metric: str, row: Mapping[str, Any]) -> float:
    """The metric, with its sign changed where higher is better."""
    value = row.get(metric)
    sign = 1.0 if lower_is_better(metric) else -1.0
    return float("nan") if value is None else sign * value
