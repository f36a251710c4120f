"""The course of a training, epoch by epoch: a row of scores for each, the best so far, and when there is enough.

It knows of no files and no monitors: `training/session.py` adds them, `integrations/sklearn.py` does without.
"""

from dataclasses import dataclass, field
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


@dataclass(slots=True)
class BestTracker:
    """The best epoch so far by the watched metric, and its weights, until somebody takes them away."""

    metric: str
    value: float = float("nan")
    epoch: int = -1
    tie: float = float("inf")  # val_loss of that epoch: breaks ties
    arrays: dict[str, Array] = field(default_factory=dict[str, Array])

    @property
    def best(self) -> Best | None:
        """What status.json tells of it; None before the first epoch that counts."""
        return Best(self.metric, float(self.value), self.epoch) if self.epoch >= 0 else None

    def beaten_by(self, value: float, tie: float) -> bool:
        """Whether an epoch with this value, and this val_loss, is better. nan never is."""
        if not np.isfinite(value):
            return False
        if self.epoch < 0 or value == self.value:
            return self.epoch < 0 or tie < self.tie
        return (value < self.value) == lower_is_better(self.metric)


class Course:
    """An experiment's trainer and evaluator, the curves so far, and their leader."""

    def __init__(self, setup: TrainingSetup) -> None:
        self.setup, self.settings = setup, setup.experiment.train
        self.score = METRICS_OF[setup.parts.task.kind]
        self.trainer = Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)
        self.evaluator = Evaluator(setup.net, setup.config.loss, regression=setup.config.regression)
        self.curves = Curves()
        self.leader = BestTracker(self._watched())
        self._spread = self._target_variance()
        self.begin()

    def begin(self, earlier: float = 0.0) -> None:
        """Let its time begin here, after so many seconds of earlier sessions."""
        self.earlier, self._began = earlier, monotonic()

    @property
    def seconds(self) -> float:
        """How long this has been going on, earlier sessions included."""
        return self.earlier + monotonic() - self._began

    def follow(self) -> bool:
        """Train to the end, and give the network its best weights. False where a number was no longer finite."""
        t = self.trainer
        self.before()
        while t.epoch < self.settings.epochs:
            t.advance(t.steps_left)
            if t.broken:
                break
            self.close_epoch()
            if self.enough():
                break
        if self.leader.arrays:
            self.setup.net.load_params(self.leader.arrays)
        return not t.broken

    def before(self) -> dict[str, Any]:
        """Epoch 0: the row of the network before its first step."""
        return self._row(self.evaluator.scores(self.setup.parts.train.x, self.setup.t_train), None, None)

    def close_epoch(self) -> dict[str, Any]:
        """Evaluate after the last step of an epoch; its row of metrics.csv."""
        s = self.trainer.pop_sums()
        n = max(1, s.rows)
        score = 1.0 - s.squares / n / self._spread if self.setup.config.regression else s.hits / n
        steps = max(1, s.steps)
        return self._row(Scores(s.loss / n, score), s.grad_norm / steps, s.update_ratio / steps)

    def enough(self) -> str:
        """Why training should end at this point, between two epochs; empty if it should not."""
        rule = self.settings.early_stopping
        if rule is None or self.trainer.steps_left != self.trainer.steps_per_epoch:
            return ""
        history = [row[rule.metric] for row in self.curves.rows if row.get(rule.metric) is not None]
        if not rule.should_stop(history, lower_is_better(rule.metric)):
            return ""
        return f"{rule.metric} did not improve for {rule.patience} epochs"

    def _row(self, train: Scores, grad_norm: float | None, update_ratio: float | None) -> dict[str, Any]:
        """The row of this epoch, once the curves, the leader and the schedule know of it."""
        t, recipe, val = self.trainer, self.setup.config, None
        with t.averaged():
            if self.setup.parts.val is not None and self.setup.t_val is not None:
                val = self.evaluator.scores(self.setup.parts.val.x, self.setup.t_val)
        row: dict[str, Any] = {
            "epoch": t.epoch,
            "step": t.step,
            "seconds": round(self.seconds, 3),
            "lr": t.lr,
            "train_loss": train.loss,
            f"train_{self.score}": train.score,
            "val_loss": val.loss if val else None,
            f"val_{self.score}": val.score if val else None,
            "reg_loss": t.penalty(),
            "grad_norm": grad_norm,
            "update_ratio": update_ratio,
        }
        self.curves.rows.append(row)
        self._lead(row)
        if t.step and (watched := recipe.schedule.watched()):
            t.report_metric(_oriented(watched, row))
        return row

    def _lead(self, row: dict[str, Any]) -> None:
        value, tie = row.get(self.leader.metric), row.get("val_loss")
        if value is not None and self.leader.beaten_by(value, tie if tie is not None else 0.0):
            with self.trainer.averaged():
                arrays = {name: a.copy() for name, a in self.setup.net.params.items()}
            self.leader = BestTracker(self.leader.metric, value, row["epoch"], tie if tie is not None else 0.0, arrays)

    def _watched(self) -> str:
        if self.settings.early_stopping is not None:
            return self.settings.early_stopping.metric
        return f"val_{self.score}" if self.setup.t_val is not None else "train_loss"

    def _target_variance(self) -> float:
        """What R2 of the training rows is measured against: the summed variance of the target columns."""
        if not self.setup.config.regression:
            return 1.0
        return float(np.var(self.setup.t_train.astype(np.float64), axis=0).sum()) or float("nan")


def _oriented(metric: str, row: dict[str, Any]) -> float:
    """The metric, turned so that less is better."""
    value = row.get(metric)
    sign = 1.0 if lower_is_better(metric) else -1.0
    return float("nan") if value is None else sign * value
