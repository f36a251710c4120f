"""The NumPy backend: the layers' own methods, one after the other. The readable reference, and the fallback.

A training step is `_Training._step`; it fits on one screen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.engine.backend import Backend, Evaluation, Passes, Statistics, Steps, TrainingJob, TrainSteps
from trainlab.engine.buffers import Workspace
from trainlab.engine.graph import Node
from trainlab.engine.layer_statistics import layer_values
from trainlab.engine.members import loss_slot
from trainlab.engine.probe_sums import ProbeSums
from trainlab.nn.layer import Slot
from trainlab.nn.loss import Loss, LossSlot
from trainlab.optim.averaging import Average
from trainlab.optim.clipping import clip, l2_norm
from trainlab.optim.optimizer import OptimizerState


class NumpyBackend(Backend):
    """Runs every layer's, loss's and optimizer's NumPy method. `reason`: why it was chosen, for people."""

    name = "numpy"

    def __init__(self, reason: str = "") -> None:
        self.reason = reason

    def describe(self) -> dict[str, Any]:
        """The name and the reason."""
        return {"name": self.name, "reason": self.reason}

    def prepare_training(self, job: TrainingJob) -> TrainSteps:
        """Step by step, layer by layer."""
        return _Training(job).run

    def prepare_evaluation(self, work: Workspace, loss: Loss) -> Evaluation:
        """Outputs only: the evaluator scores them."""
        return Evaluation(lambda rows: work.first(rows).forward(), lambda x, t, w: None)

    def prepare_statistics(self, nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array]) -> Statistics:
        """The numbers of `layer_statistics.py`."""
        return lambda rows: np.array([value for _, _, value in layer_values(nodes, work.first(rows), step)])

    def prepare_passes(self, work: Workspace, sums: ProbeSums) -> Passes:
        """The layers' own methods, and the sums' own `add`."""

        def add(rows: int) -> None:
            sums.input.add(work.x[:rows])
            for name, outputs in sums.layers.items():
                slot = work.slots[name]
                outputs.add(slot.x[:rows], slot.y[:rows])

        return Passes(lambda rows: work.first(rows).forward(), lambda rows: work.first(rows).backward(), add)


class _LeftError(Exception):
    """The step is left undone."""


class _Training:
    """Training steps of one job."""

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        rules = job.config.regularizers
        self.penalties = [rule for rule in rules if rule.penalizes]
        self.constraints = [rule for rule in rules if rule.constrains]
        self._leave: Array | None = None
        self.averaging = Average(job.config.average or 0.0)
        full = job.config.optimizer.full_batch
        self.state: OptimizerState = replace(job.state, evaluate=self.loss_at) if full else job.state
        self.w, self.gw = self.state.theta[: self.state.weights], self.state.g[: self.state.weights]

    def run(self, steps: Steps) -> tuple[int, bool]:
        """Run the steps; how many were run, and whether all their numbers were finite."""
        size, self._leave = self.job.batch.work.rows, steps.leave
        for i, rates in enumerate(steps.rates.tolist()):
            index = steps.index[i * size : (i + 1) * size]
            try:
                if not self._step(steps.first + i, index, rates, steps.records[i], steps.sums.add):
                    return i + 1, False
            except _LeftError:
                return i, True
        return len(steps.rates), True

    def _step(self, t: int, index: Array, rates: list[float], record: Array, count: Callable[..., None]) -> bool:
        job, state, config = self.job, self.state, self.job.config
        lr, job.batch.work.drop_factor[0], state.decay_factor = rates
        work, end = self._batch(index)
        loss = self._loss_and_gradient(work, end)
        norm = clip(state.g, config.clip_norm) if config.clip_norm else l2_norm(state.g)
        record[:] = loss, lr, norm, nan
        if not isfinite(loss) or not isfinite(norm):
            return False
        hits, squares = end.hits / job.members, self._squares(end) / job.members  # before a line search moves theta
        state.t, state.lr = t, lr
        config.optimizer.take(state)
        ratio = sqrt(np.dot(state.step, state.step) / (np.dot(state.theta, state.theta) or 1.0))
        state.theta += state.step
        for rule in self.constraints:
            for w in job.decayed:
                rule.constrain(w)
        if job.average is not None:
            self.averaging.follow(job.average, state.theta, t)
        record[3] = ratio
        count(work.rows, loss, hits, squares, norm, ratio)
        return True

    def _batch(self, index: Array) -> tuple[Workspace, LossSlot]:
        job = self.job
        work, end = job.batch.first(len(index))
        gather(job.x, index, work.x)
        job.targets.take(index, axis=0, out=end.t, mode="clip")
        if job.weights is not None and end.weights is not None:
            job.weights.take(index, out=end.weights, mode="clip")
        if job.augment is not None:
            job.augment(work.x, end.t)
        return work, loss_slot(job.members, end.y, end.t, end.dy, end.weights)

    def _loss_and_gradient(self, work: Workspace, end: LossSlot) -> float:
        """The loss of the batch, without penalties; its gradient, penalties included, in g."""
        self._pass(work.forwards)
        loss = self.job.config.loss.value(end)
        self._pass(work.backwards)
        for rule in self.penalties:
            rule.add_gradient(self.w, self.gw)
        return loss

    def _pass(self, layers: Sequence[tuple[Callable[[Slot], None], Slot]]) -> None:
        """Run a pass, layer by layer. Raises _LeftError between two layers where that is asked for."""
        for run, slot in layers:
            if self._leave is not None and self._leave[0]:
                raise _LeftError
            run(slot)

    def _squares(self, end: LossSlot) -> float:
        if not self.job.config.regression:
            return 0.0
        error = self.job.config.loss.point(end.y) - end.t
        return float(np.vdot(error, error))

    def loss_at(self, theta: Array) -> float:
        """The loss of the whole batch at another theta, penalties included; its gradient in g. For L-BFGS."""
        state, kept = self.state, self.state.theta.copy()
        state.theta[...] = theta
        work, end = self.job.batch.first(self.job.batch.work.rows)
        try:
            loss = self._loss_and_gradient(work, loss_slot(self.job.members, end.y, end.t, end.dy, end.weights))
            for rule in self.penalties:
                loss += rule.penalty(self.w)
        finally:
            state.theta[...] = kept
        return loss
