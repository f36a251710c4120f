"""The metrics of each epoch, the best epoch so far, and the time that training has taken."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import numpy as np

from trainlab.core.best import BestRule
from trainlab.core.metric_names import lower_is_better
from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows, expect_all
from trainlab.diagnose.view import Curves
from trainlab.engine.evaluator import Evaluator, Scores
from trainlab.engine.measuring import measured
from trainlab.engine.trainer import Trainer
from trainlab.optim.history import History
from trainlab.store.columns import METRICS_OF
from trainlab.store.status import Best
from trainlab.training.best import BEST, falls
from trainlab.training.setup import TrainingSetup

_FIRST_ROWS = 2048  # training rows that the untrained network is scored on


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
    """The best epoch so far by a rule, with a copy of its weights."""

    def __init__(self, rule: BestRule) -> None:
        self.rule = rule
        self.weights: dict[str, Array] = {}
        self._row: Mapping[str, Any] | None = None  # epoch, metric and val_loss

    @property
    def epoch(self) -> int:
        """The best epoch, -1 before there is one."""
        return -1 if self._row is None else self._row["epoch"]

    @property
    def best(self) -> Best | None:
        """Metric, value and epoch, as status.json has them; None before the first epoch that counts."""
        row, metric = self._row, self.rule.metric
        return None if row is None else Best(metric, float(row[metric]), row["epoch"])

    def prefer(self, metric: str) -> None:
        """Follow this metric instead, unless an epoch was tracked already."""
        if self._row is None:
            self.rule = BestRule(metric, lower_is_better(metric))

    def improves(self, row: Mapping[str, Any]) -> bool:
        """Whether this epoch is better than the best so far."""
        return self.rule.better(row, self._row)

    def update(self, row: Mapping[str, Any], weights: Mapping[str, Array]) -> None:
        """Make this epoch the best one and copy its weights."""
        self._row = {name: row.get(name) for name in ("epoch", self.rule.metric, "val_loss")}
        self.weights = {name: a.copy() for name, a in weights.items()}

    def state(self) -> dict[str, Any]:
        """All but the weights, as plain data."""
        return {"metric": self.rule.metric, "row": self._row}

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Array]) -> None:
        """Continue from a saved state."""
        self._row, self.weights = state["row"], dict(weights)


class EpochMetrics:
    """Evaluates the network after each epoch and keeps the rows of metrics.csv: `curves`, and the best epoch: `best`.

    The training scores of an epoch are those of its batches as they were trained on; validation rows are evaluated
    after it, with the averaged weights where `train.average` is set.
    """

    def __init__(self, setup: TrainingSetup, trainer: Trainer) -> None:
        self.setup, self.trainer = setup, trainer
        self.score = METRICS_OF[setup.parts.task.kind]
        self.evaluator = Evaluator(setup.net, setup.config.loss, setup.parts.task)
        self.clock, self.curves = Stopwatch(), Curves()
        self._watched = History()  # the metric of early stopping
        self.best = BestTracker(setup.best.rule)
        self._target_variance = self._variance()

    def first_row(self) -> dict[str, Any]:
        """Epoch 0: the row of the network before its first step, its training scores those of at most 2 048 rows.

        All rows would say the same to one part in a hundred, and training on a large set would begin late.
        """
        setup = self.setup
        x, t, w = setup.parts.train.x, setup.t_train, setup.w_train
        if len(t) > _FIRST_ROWS:  # evenly spread, for rows may be sorted by class
            some = np.linspace(0, len(t) - 1, _FIRST_ROWS).astype(np.int64)
            rows = x if isinstance(x, LazyRows) else LazyRows(x)
            x, t, w = rows.take(some), t[some], None if w is None else w[some]
        return self._row(self.evaluator.scores(x, t, w), None, None)

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
        metric = self._column(rule.metric)
        if not rule.should_stop(self._watched, falls(metric, self.setup.metrics)):
            return ""
        return f"{metric} did not improve for {rule.patience} epochs"

    def measured(self, outputs: Array, y: Array) -> dict[str, float]:
        """The run's further metrics of outputs for rows with targets y, by name."""
        parts = self.setup.parts
        return measured(
            self.setup.metrics, outputs, y, loss=self.setup.config.loss, task=parts.task, fitted=parts.fitted
        )

    def restore(self, rows: Sequence[Mapping[str, Any]], seconds: float) -> None:
        """Continue from the rows of earlier sessions, which took so many seconds."""
        self.clock.restart(seconds)
        for row in rows:
            self._note(row)

    def _row(self, train: Scores, grad_norm: float | None, update_ratio: float | None) -> dict[str, Any]:
        """The epoch's row, after the curves, the best epoch and the schedule have taken note of it."""
        trainer, val = self.trainer, None
        more: Mapping[str, float] = {}
        with trainer.averaged():
            if self.setup.parts.val is not None and self.setup.t_val is not None:
                x, y = self.setup.parts.val.x, self.setup.parts.val.y
                expect_all(x)
                outputs = self.evaluator.outputs(x) if self.setup.metrics else None
                val = self.evaluator.scores(x, self.setup.t_val, self.setup.w_val, outputs)
                more = self.measured(outputs, y) if outputs is not None else {}
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
            **{f"val_{metric.column}": more.get(metric.column) for metric in self.setup.metrics},
        }
        self._note(row)
        if self.best.improves(row):
            with trainer.averaged():
                self.best.update(row, self.setup.net.params)
        if trainer.step and (watched := self.setup.config.schedule.watched()):
            metric = self._column(watched)
            value, sign = row.get(metric), 1.0 if falls(metric, self.setup.metrics) else -1.0
            trainer.report_metric(float("nan") if value is None else sign * value)
        return row

    def _note(self, row: Mapping[str, Any]) -> None:
        """Append an epoch to the curves, and to the history that early stopping looks at."""
        self.curves.append(row)
        rule = self.setup.experiment.train.early_stopping
        value = None if rule is None else row.get(self._column(rule.metric))
        if row["epoch"] and value is not None:
            self._watched.append(value)

    def _column(self, metric: str) -> str:
        """The column that a setting means: `best` is the one that decides."""
        return self.best.rule.metric if metric == BEST else metric

    def _variance(self) -> float:
        """Variance of the training targets, summed over their columns: R2 compares with it."""
        if not self.setup.config.regression:
            return 1.0
        return float(np.var(self.setup.t_train.astype(np.float64), axis=0).sum()) or float("nan")
