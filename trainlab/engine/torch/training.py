"""Training steps by PyTorch: forward, autograd, and the optimizer's rule on the flat vectors.

The vectors are those of the trainer. On the CPU the tensors lie in the same memory; on a GPU they are copied there when
a call begins and back when it ends. Batches are gathered and augmented, and random numbers drawn, by NumPy: they are
those of the other backends.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.engine.backend import Steps, TrainingJob
from trainlab.engine.layer_statistics import measured_rows
from trainlab.engine.torch.memory import Mirror
from trainlab.engine.torch.network import Kept, Noise, TorchNetwork
from trainlab.engine.torch.processes import Processes, count
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.regularizer import Regularizer


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how steps are computed. torch: the module · bfloat16: the layers compute in it, the rest in float32 ·
    compile: the forward pass and its gradients go through torch.compile.
    """

    torch: Any
    device: Any
    bfloat16: bool = False
    compile: bool = False

    def precision(self) -> AbstractContextManager[Any]:
        """The float type of the layers inside the block."""
        if not self.bfloat16:
            return nullcontext()
        return self.torch.autocast(self.device.type, dtype=self.torch.bfloat16)


@dataclass(slots=True)
class _Done:
    """What is known of a step before its norms are read. rows: of the batch · moved, size: |step|^2 and |theta|^2."""

    record: Array
    rows: int
    loss: float
    hits: float
    squares: float
    norm: float
    moved: Any
    size: Any


class TorchTraining:
    """Training steps of one job."""

    def __init__(self, job: TrainingJob, place: Placement) -> None:
        self._job, self._place, self._torch = job, place, place.torch
        self._work, self._mirror = job.batch.work, Mirror(place.torch, place.device)
        self._own = self._tensors(job.state)
        self._state = replace(job.state, evaluate=self._loss_at) if job.config.optimizer.full_batch else job.state
        self._average = None if job.average is None else self._mirror.of(job.average)
        self._trained = job.views(self._own.theta)
        self._params, self._grads, self._decayed = self._leaves()
        self._noise = Noise(self._work)
        self._drawn: dict[str, Any] = {}
        self._network = TorchNetwork(self._torch, self._work, self._params)
        if job.config.dropout_schedule is not None:  # a tensor, so that compiled code need not know its value
            self._network.drop_factor = self._torch.ones((), dtype=self._torch.float64)
        self._forward = self._torch.compile(self._loss) if place.compile else self._loss
        statistics = [p for p in self._params.values() if not p.requires_grad and p.is_floating_point()]
        self._others = Processes(place.torch, place.device, statistics) if count() > 1 else None
        rules = job.config.regularizers
        self._penalties = [rule for rule in rules if rule.penalizes]
        self._constraints = [rule for rule in rules if rule.constrains]

    def _tensors(self, state: OptimizerState) -> OptimizerState:
        """The state with tensors for vectors."""
        of, buffers = self._mirror.of, {name: self._mirror.of(a) for name, a in state.buffers.items()}
        return replace(state, theta=of(state.theta), g=of(state.g), step=of(state.step), buffers=buffers)

    def _leaves(self) -> tuple[dict[str, Any], dict[str, Any], list[tuple[Array, Any]]]:
        """Params by name, those that learn as leaves of autograd; where each one's gradient goes; decayed weights."""
        params: dict[str, Any] = {}
        grads: dict[str, Any] = {}
        decayed: list[tuple[Array, Any]] = []
        own, weights = self._job.views(self._own.g), {id(array) for array in self._job.decayed}
        for name, slot in self._work.slots.items():
            for key, p in slot.p.items():
                param = f"{name}.{key}"
                shared = self._trained[param] if param in self._trained else self._mirror.of(p)
                learns = key in slot.g and slot.backward
                params[param] = shared.detach().requires_grad_(learns)
                if learns:
                    grads[param] = own[param] if param in own else self._mirror.of(slot.g[key])
                if id(p) in weights:
                    decayed.append((p, shared))
        return params, grads, decayed

    # ------------------------------------------------------------------ steps

    def run(self, steps: Steps) -> tuple[int, bool]:
        """Run the steps; how many were run, and whether all their numbers were finite."""
        size, count = self._work.rows, len(steps.rates)
        self._mirror.push()
        done: list[_Done] = []
        finite = True
        for i, rates in enumerate(steps.rates.tolist()):
            index = steps.index[i * size : (i + 1) * size]
            found, finite = self._step(steps.first + i, index, rates, steps.records[i], last=i + 1 == count)
            if not finite:
                count = i + 1
                break
            done.append(found)
        self._mirror.pull()
        for d in done:
            ratio = sqrt(float(d.moved) / (float(d.size) or 1.0))
            d.record[3] = ratio
            steps.sums.add(d.rows, d.loss, d.hits, d.squares, d.norm, ratio)
        return count, finite

    def _step(self, t: int, index: Array, rates: list[float], record: Array, *, last: bool) -> tuple[_Done, bool]:
        torch, config, own = self._torch, self._job.config, self._own
        lr, drop_factor, own.decay_factor = rates
        if config.dropout_schedule is not None:
            self._network.drop_factor.fill_(drop_factor)
        self._state.decay_factor = own.decay_factor
        kept: Kept | None = {} if last else None
        loss, hits, squares = self._loss_and_gradient(index, kept)
        norm = self._norm(own.g)
        if config.clip_norm and isfinite(norm) and norm > config.clip_norm:
            own.g *= config.clip_norm / norm
        record[:] = loss, lr, norm, nan
        done = _Done(record, len(index), loss, hits, squares, norm, 0.0, 0.0)
        if not isfinite(loss) or not isfinite(norm):
            self._keep(self._outputs(len(index)) if kept is None else kept, len(index), len(index))
            return done, False
        self._keep(kept or {}, len(index), measured_rows(len(index)))
        self._update(t, lr)
        done.moved, done.size = torch.dot(own.step, own.step), torch.dot(own.theta, own.theta)
        own.theta += own.step
        for rule in self._constraints:
            self._constrain(rule)
        if self._average is not None:
            d = min(config.average or 0.0, (t - 1) / (t + 8))
            self._average.lerp_(own.theta, 1 - d)
        return done, True

    def _own_rows(self, rows: int) -> slice:
        """The rows of a batch that this process computes."""
        return slice(0, rows) if self._others is None else self._others.part(rows)

    def _batch(self, index: Array, own: slice) -> tuple[Any, Any, Any]:
        """x, targets and weights of this process's rows of the batch, on the device."""
        job = self._job
        work, end = job.batch.first(len(index))
        if job.augment is None:
            gather(job.x, index[own], work.x[own])
        else:  # every process draws the same random numbers
            gather(job.x, index, work.x)
        job.targets.take(index, axis=0, out=end.t, mode="clip")
        if job.weights is not None and end.weights is not None:
            job.weights.take(index, out=end.weights, mode="clip")
        if job.augment is not None:
            job.augment(work.x, end.t)
        weights = None if end.weights is None else self._sent(end.weights[own])
        return self._sent(work.x[own]), self._sent(end.t[own]), weights

    def _sent(self, array: Array) -> Any:
        """A batch's array as a tensor on the device."""
        return self._torch.from_numpy(array).to(self._place.device, non_blocking=True)

    def _loss_and_gradient(self, index: Array, kept: Kept | None) -> tuple[float, float, float]:
        """The loss of the batch without penalties, hits and squared errors; the gradient with penalties, in g."""
        rows, others = len(index), self._others
        own = self._own_rows(rows)
        x, t, weights = self._batch(index, own)
        self._drawn = {name: self._sent(a) for name, a in self._noise.draw(rows, own).items()}
        forward = self._forward if kept is None else self._loss
        loss, y = forward(x, t, weights, self._drawn, kept)
        loss = loss * (len(x) / rows)  # of the whole batch's mean
        found = self._torch.autograd.grad(loss, [self._params[name] for name in self._grads], allow_unused=True)
        for g, new in zip(self._grads.values(), found, strict=True):
            g.zero_() if new is None else g.copy_(new)
        found = (float(loss.detach()), *self._counted(y, self._job.batch.t[own]))
        if others is not None:
            found = others.total(*found)
            others.add(self._own.g)
        for rule in self._penalties:
            self._penalize(rule)
        return found

    def _loss(self, x: Any, t: Any, weights: Any, noise: Mapping[str, Any], kept: Kept | None) -> tuple[Any, Any]:
        """The mean loss of a batch, and outputs."""
        with self._place.precision():
            y = self._network(x, noise, kept)
        y = y.to(self._own.theta.dtype)
        members = self._job.members
        if members > 1:  # as `loss_slot`: every member of a row is a row
            y, t = y.reshape(len(x) * members, -1), t.repeat_interleave(members, dim=0)
            weights = None if weights is None else weights.repeat_interleave(members)
        each = self._job.config.loss.torch(self._torch, y, t)
        return (each if weights is None else each * weights).sum() / max(1, len(y)), y.detach()

    def _norm(self, g: Any) -> float:
        norm = sqrt(float(self._torch.dot(g, g)))
        return norm if isfinite(norm) else float(self._torch.linalg.vector_norm(g.double()))

    def _counted(self, y: Any, t: Array) -> tuple[float, float]:
        """Hits of outputs y, and of a regression the sum of the squared errors."""
        loss, outputs, members = self._job.config.loss, y.cpu().numpy(), self._job.members
        t = t.repeat(members, axis=0)
        hits = loss.hits(outputs, t) / members
        if not self._job.config.regression:
            return hits, 0.0
        error = loss.point(outputs) - t
        return hits, float(np.vdot(error, error)) / members

    # ------------------------------------------------------------------ rules

    def _update(self, t: int, lr: float) -> None:
        """The step, by the rule's PyTorch form, or without one by its NumPy method."""
        optimizer, own, state = self._job.config.optimizer, self._own, self._state
        own.t = state.t = t
        own.lr = state.lr = lr
        if type(optimizer).torch is not Optimizer.torch:
            optimizer.torch(self._torch, own)
            for part, factor in own.factors:
                own.step[part] *= factor
            return
        self._mirror.pull()
        optimizer.take(state)
        self._mirror.push()

    def _penalize(self, rule: Regularizer) -> None:
        own, state = self._own, self._job.state
        if type(rule).torch_gradient is not Regularizer.torch_gradient:
            rule.torch_gradient(self._torch, own.theta[: own.weights], own.g[: own.weights])
            return
        self._mirror.pull()
        rule.add_gradient(state.theta[: state.weights], state.g[: state.weights])
        self._mirror.push()

    def _constrain(self, rule: Regularizer) -> None:
        own = type(rule).torch_constrain is not Regularizer.torch_constrain
        if not own:
            self._mirror.pull()
        for host, W in self._decayed:
            rule.torch_constrain(self._torch, W) if own else rule.constrain(host)
        if not own:
            self._mirror.push()

    def _loss_at(self, theta: Array) -> float:
        """The loss of the whole batch at another theta, penalties included; its gradient in g. For L-BFGS."""
        state, before = self._job.state, self._job.state.theta.copy()
        state.theta[...] = theta
        self._mirror.push()
        kept: Kept = {}
        rows = self._work.rows
        loss = self._loss_and_gradient(np.arange(rows), kept)[0]
        self._keep(kept, rows, measured_rows(rows))
        self._mirror.pull()
        loss += sum(rule.penalty(state.theta[: state.weights]) for rule in self._penalties)
        state.theta[...] = before
        return loss

    # ------------------------------------------------------------------ what monitors read

    def _keep(self, kept: Kept, rows: int, first: int) -> None:
        """Write outputs of the first rows into the slots of the workspace, where statistics are measured."""
        work = self._work.first(rows)
        for name, y in kept.items():
            first = min(first, len(y))
            work.slots[name].y[:first] = y[:first].detach().to("cpu", self._own.theta.dtype).numpy()

    def _outputs(self, rows: int) -> Kept:
        """Every layer's output for the last batch, to find a number that is not finite; statistics stay."""
        kept: Kept = {}
        statistics = [(p, p.clone()) for p in self._params.values() if not p.requires_grad]
        with self._torch.no_grad():
            self._network(self._sent(self._work.x[self._own_rows(rows)]), self._drawn, kept)
            for p, before in statistics:
                p.copy_(before)
        return kept
