"""Training steps by PyTorch: forward, autograd, and the optimizer's rule on the flat vectors.

The vectors are those of the trainer. On the CPU the tensors lie in the same memory; on a GPU they are copied there when
a call begins and back when it ends. Batches are gathered and augmented, and random numbers drawn, by NumPy: they are
those of the other backends (`batches.py`).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.backend import Backend, Steps, TrainingJob, Update
from trainlab.engine.layer_statistics import measured_rows
from trainlab.engine.torch.batches import Batch, Batches, fill
from trainlab.engine.torch.memory import Mirror
from trainlab.engine.torch.network import Kept, LeftError, TorchNetwork
from trainlab.engine.torch.processes import GroupEnded, Processes, count
from trainlab.engine.torch.update import TorchUpdate
from trainlab.optim.optimizer import OptimizerState


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how steps are computed. torch: the module · bfloat16: the layers compute in it, the rest in float32 ·
    compile: the forward pass and its gradients go through torch.compile.
    """

    torch: Any
    device: Any
    bfloat16: bool = False
    compile: bool = False

    @property
    def remote(self) -> bool:
        """Whether the device has memory of its own."""
        return self.device.type != "cpu"

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

    def __init__(self, job: TrainingJob, place: Placement, host: Backend) -> None:
        self._job, self._place, self._torch = job, place, place.torch
        self._work, self._mirror = job.batch.work, Mirror(place.torch, place.device)
        self._own = self._tensors(job.state)
        self._trained = job.views(self._own.theta)
        self._params, self._grads, decayed = self._leaves()
        self._rules = self._by_torch(decayed)
        self._update = self._kernels(host) or self._rules.functions
        self._network = TorchNetwork(self._torch, self._work, self._params)
        if job.config.dropout_schedule is not None:  # a tensor, so that compiled code need not know its value
            self._network.drop_factor = self._torch.ones((), dtype=self._torch.float64)
        self._forward = self._loss  # isolated: each network of a process may be compiled, not only the first eight
        if place.compile:
            self._forward = self._torch.compile(self._loss, isolate_recompiles=True)
        statistics = [p for p in self._params.values() if not p.requires_grad and p.is_floating_point()]
        self._others = Processes(place.torch, place.device, statistics) if count() > 1 else None
        self._searched: Any = None  # the batch of the step in which L-BFGS searches
        self._batches = Batches(job, place.torch, place.device, self._others)

    def _kernels(self, host: Backend) -> Update | None:
        """The update by the host's kernels, which work on the same memory, if it has them."""
        return host.prepare_update(self._job) if not self._place.remote else None

    def _by_torch(self, decayed: list[tuple[Array, Any]]) -> TorchUpdate:
        """The update by PyTorch."""
        job = self._job
        host = replace(job.state, evaluate=self._loss_at) if job.config.optimizer.full_batch else job.state
        return TorchUpdate(job, self._torch, self._mirror, self._own, host, decayed)

    def _tensors(self, state: OptimizerState) -> OptimizerState:
        """The state with tensors for vectors."""
        of, buffers = self._mirror.of, {name: self._mirror.of(a) for name, a in state.buffers.items()}
        g, step = of(state.g, written=True), of(state.step, written=True)
        return replace(state, theta=of(state.theta), g=g, step=step, buffers=buffers)

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
        """Run the steps; how many were run, and whether all their numbers were finite.

        Raises GroupEnded if another process has ended the run.
        """
        size, count, others = self._work.rows, len(steps.rates), self._others
        if others is not None and others.over:
            raise GroupEnded
        self._network.leave = None if self._place.remote or self._place.compile else steps.leave
        self._mirror.push()
        done: list[_Done] = []
        finite = True
        for i, rates in enumerate(steps.rates.tolist()):
            if self._place.remote and steps.leave is not None and steps.leave[0]:
                count = i + 1
            index, following = (steps.index[j * size : (j + 1) * size] for j in (i, i + 1))
            batch = self._batches.take(index, following)
            last, statistics = steps.watched and i + 1 == count, [] if others is None else others.kept()
            try:
                finite = self._step(steps.first + i, batch, rates, steps.records[i], done, last=last)
            except (LeftError, GroupEnded):
                self._batches.give_back(batch)
                if others is not None:
                    others.restore(statistics)
                count = i
                break
            if i + 1 == count or not finite:
                self._batches.settle(batch)
            if not finite:
                count = i + 1
            if i + 1 == count:
                break
        self._mirror.pull()
        for d in done:
            ratio = sqrt(float(d.moved) / (float(d.size) or 1.0))
            d.record[3] = ratio
            steps.sums.add(d.rows, d.loss, d.hits, d.squares, d.norm, ratio)
        return count, finite

    def _step(self, t: int, batch: Batch, rates: list[float], record: Array, done: list[_Done], *, last: bool) -> bool:
        """Take a step, and add what is known of it to `done`; False if it was not finite and so not taken."""
        rows, (lr, drop_factor, decay_factor) = len(batch.index), rates
        if self._job.config.dropout_schedule is not None:
            self._network.drop_factor.fill_(drop_factor)
        kept: Kept | None = {} if last else None
        self._searched = batch
        loss, hits, squares = self._loss_and_gradient(batch, kept)
        norm = self._update.finish()
        record[:] = loss, lr, norm, nan
        if not isfinite(loss) or not isfinite(norm):
            self._keep(self._outputs(batch) if kept is None else kept, rows, rows)
            return False
        self._keep(kept or {}, rows, measured_rows(rows))
        moved, size = self._update.apply(t, lr, decay_factor, last)
        done.append(_Done(record, rows, loss, hits, squares, norm, moved, size))
        return True

    def _loss_and_gradient(self, batch: Batch, kept: Kept | None) -> tuple[float, float, float]:
        """The loss of the batch, hits and squared errors; the gradient in g. All without penalties."""
        forward = self._forward if kept is None else self._loss
        loss, y = forward(batch.x, batch.t, batch.weights, batch.noise, kept)
        if len(batch.x) != len(batch.index):  # this process's share of the whole batch's mean
            loss = loss * (len(batch.x) / len(batch.index))
        found = self._torch.autograd.grad(loss, [self._params[name] for name in self._grads], allow_unused=True)
        for g, new in zip(self._grads.values(), found, strict=True):
            g.zero_() if new is None else g.copy_(new)
        found = (float(loss.detach()), *self._counted(y, batch.host.t[batch.own]))
        if self._others is not None:
            found = self._others.total(*found)
            self._others.add(self._own.g)
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

    def _counted(self, y: Any, t: Array) -> tuple[float, float]:
        """Hits of outputs y, and of a regression the sum of the squared errors."""
        loss, outputs, members = self._job.config.loss, y.cpu().numpy(), self._job.members
        t = t.repeat(members, axis=0)
        hits = loss.hits(outputs, t) / members
        if not self._job.config.regression:
            return hits, 0.0
        error = loss.point(outputs) - t
        return hits, float(np.vdot(error, error)) / members

    def _loss_at(self, theta: Array) -> float:
        """The loss of the whole batch at another theta, penalties included; its gradient in g. For L-BFGS."""
        state, before = self._job.state, self._job.state.theta.copy()
        state.theta[...] = theta
        self._mirror.push()
        kept: Kept = {}
        rows, batch = self._work.rows, self._batches.again(self._searched)
        try:
            loss = self._loss_and_gradient(batch, kept)[0]
            self._rules.penalize()
            self._keep(kept, rows, measured_rows(rows))
            self._mirror.pull()
            weights = state.theta[: state.weights]
            return loss + sum(r.penalty(weights) for r in self._job.config.regularizers if r.penalizes)
        finally:
            state.theta[...] = before

    # ------------------------------------------------------------------ what monitors read

    def _keep(self, kept: Kept, rows: int, first: int) -> None:
        """Write outputs of the first rows into the slots of the workspace, where statistics are measured."""
        work = self._work.first(rows)
        for name, y in kept.items():
            fill(work.slots[name].y[:first], y[:first].detach().to("cpu", self._own.theta.dtype).numpy())

    def _outputs(self, batch: Batch) -> Kept:
        """Every layer's output for a batch, to find a number that is not finite; statistics stay."""
        kept: Kept = {}
        statistics = [(p, p.clone()) for p in self._params.values() if not p.requires_grad]
        with self._torch.no_grad():
            self._network(batch.x, batch.noise, kept)
            for p, before in statistics:
                p.copy_(before)
        return kept
