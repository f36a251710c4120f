"""The loop: batch, forward, loss, backward, penalties, step. It fits on one screen: `Trainer._step`.

The trainer runs steps and keeps what happened; when to stop, look, evaluate and save is decided above it.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import isfinite, sqrt
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from trainlab.core.streams import Streams
from trainlab.core.types import Array
from trainlab.data.augmentation import Augmentation
from trainlab.data.lazy import gather
from trainlab.engine.buffers import Workspace, aligned, allocate
from trainlab.engine.network import Net
from trainlab.engine.sampler import BatchSampler
from trainlab.nn.loss import Loss, LossSlot
from trainlab.optim.averaging import Average
from trainlab.optim.clipping import clip, l2_norm
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.regularizer import Regularizer
from trainlab.optim.schedule import Schedule

if TYPE_CHECKING:
    from trainlab.engine.compiled.plan import TrainingPlan

_PATIENCE = 0.1  # seconds that somebody who wants the run to stop may have to wait, if a step is shorter
_VERSION = 2  # of a saved state; since 2 an optimizer's buffers are the textbook's (Adam's m and v)
RECORDS = ("loss", "lr", "grad_norm", "update_ratio")  # what is kept of every step


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a network is trained: everything that does not change during the run."""

    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    regularizers: Sequence[Regularizer] = ()
    augment: Sequence[Augmentation] = ()
    epochs: int = 1
    batch_size: int = 64
    shuffle: bool = True
    clip_norm: float | None = None
    average: float | None = None
    regression: bool = False


@dataclass(slots=True)
class Sums:
    """Totals over the steps of the current epoch; means over rows come out at its end."""

    rows: int = 0
    steps: int = 0
    loss: float = 0.0
    hits: float = 0.0
    squares: float = 0.0
    grad_norm: float = 0.0
    update_ratio: float = 0.0


@dataclass
class Trainer:
    """Trains a net on rows x with encoded targets t.

    `step` counts steps done; `records` holds a row (loss, lr, grad_norm, update_ratio) for each step of the last
    `advance`; after it the workspace still holds the last batch (`last_batch`), `net.grad` its gradient and
    `optimizer_state.step` its step. `broken`: the last `advance` met a loss or gradient that is not finite; that step
    is not taken. `sums` are those of the current epoch.
    """

    net: Net
    config: TrainingConfig
    x: Any
    t: Array
    streams: Streams
    history: list[float] = field(default_factory=list[float])
    step: int = 0
    broken: bool = False
    sums: Sums = field(default_factory=Sums)
    average: Array | None = None
    records: Array = field(default_factory=lambda: np.empty((0, len(RECORDS))))

    def __post_init__(self) -> None:
        r, net = self.config, self.net
        full = r.optimizer.full_batch
        self._noise = self.streams.named("dropout")
        self._augment = self.streams.named("augmentation")
        size = len(self.t) if full else r.batch_size
        shuffle = r.shuffle and not full
        self.sampler = BatchSampler(len(self.t), size, self.streams.named("order"), shuffle=shuffle)
        self.work = net.workspace(self.sampler.batch_size, train=True, rng=self._noise)
        if any(a.mixes for a in r.augment) and self.t.ndim == 1:
            self.t = np.eye(net.out_shape[-1], dtype=net.dtype)[self.t]  # mixed rows belong to several classes
        self._t = np.empty((self.sampler.batch_size, *self.t.shape[1:]), self.t.dtype)
        self._scratch = r.loss.scratch(net.out_shape[-1])
        self._tmp = {k: allocate(s, self.sampler.batch_size, net.dtype) for k, s in self._scratch.items()}
        self.last_batch = self.work
        self._ends: dict[int, tuple[Workspace, LossSlot]] = {}

        def make(like: Array) -> Array:
            return aligned(like.shape, like.dtype)

        self.optimizer_state = OptimizerState(
            theta=net.theta,
            g=net.grad,
            step=make(net.theta),
            buffers={name: make(net.theta) for name in r.optimizer.buffers},
            lr=0.0,
            t=0,
            weights=net.weights,
            evaluate=self._loss_at if full else None,
        )
        weights = slice(net.weights)
        self._w, self._gw = net.theta[weights], net.grad[weights]
        self._penalties = [part for part in r.regularizers if part.penalizes]
        self._constraints = [part for part in r.regularizers if part.constrains]
        if r.average is not None:
            self.average, self._averaging = net.theta.copy(), Average(r.average)
        self._plan = self._lowered()
        self._pace = 1.0  # seconds that a step of the plan takes

    # ------------------------------------------------------------------ running

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return self.step // self.steps_per_epoch

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch."""
        return self.sampler.steps_per_epoch

    @property
    def steps_left(self) -> int:
        """Steps to the end of the current epoch."""
        return self.steps_per_epoch - self.step % self.steps_per_epoch

    @property
    def lr(self) -> float:
        """The learning rate of the last step; before the first step, the rate that it will have."""
        r = self.config
        if self.step:
            return self.optimizer_state.lr
        return r.optimizer.lr * r.schedule.at(0.0, r.epochs, self.history)

    def pop_sums(self) -> Sums:
        """The totals of the epoch so far; counting starts again from zero."""
        sums, self.sums = self.sums, Sums()
        return sums

    def report_metric(self, value: float) -> None:
        """Tell the schedule the watched metric of the epoch that has ended; lower is better."""
        self.history.append(value)

    def advance(self, steps: int, stop: Callable[[], bool] | None = None) -> int:
        """Run up to `steps` steps and return how many were run.

        They are fewer when a loss or gradient is not finite (`broken` is then true), or when `stop` returns true: it
        is called between steps, at least every tenth of a second unless a single step takes longer.
        """
        self.broken = False
        if len(self.records) < steps:
            self.records = np.empty((steps, len(RECORDS)))
        done = 0
        with np.errstate(all="ignore"):
            while done < steps and not (stop is not None and stop()):
                if self._plan is not None:
                    taken, alive = self._run(self._plan, min(steps, done + max(1, int(_PATIENCE / self._pace))), done)
                else:
                    taken, alive = 1, self._step(self.records[done])
                done += taken
                if not alive:
                    self.broken = True
                    break
        return done

    def _step(self, record: Array) -> bool:
        r, net, m = self.config, self.net, self.optimizer_state
        work, end = self._batch(self.sampler.next())
        self.last_batch = work
        work.forward()
        loss = r.loss.value(end)
        work.backward()
        for part in self._penalties:
            part.add_gradient(self._w, self._gw)
        norm = clip(m.g, r.clip_norm) if r.clip_norm else l2_norm(m.g)
        m.t = self.step + 1
        m.lr = r.optimizer.lr * r.schedule.at(self.step / self.steps_per_epoch, r.epochs, self.history)
        record[0], record[1], record[2] = loss, m.lr, norm
        if not isfinite(loss) or not isfinite(norm):
            record[3] = np.nan
            self.step += 1
            return False
        r.optimizer.update(m)
        ratio = sqrt(np.dot(m.step, m.step) / (np.dot(m.theta, m.theta) or 1.0))
        record[3] = ratio
        m.theta += m.step
        for part in self._constraints:
            for w in net.decayed:
                part.constrain(w)
        if self.average is not None:
            self._averaging.follow(self.average, m.theta, self.step + 1)
        self.step += 1
        self._count(work, end, loss, norm, ratio)
        return True

    def _run(self, plan: "TrainingPlan", end: int, done: int) -> tuple[int, bool]:
        """Steps done + 1 ... end, or to the end of the epoch, by the plan; how many, and whether all was finite."""
        index, size, m = self.sampler.upcoming(), self.sampler.batch_size, self.optimizer_state
        steps = min(end - done, self.steps_per_epoch - self.sampler.taken)
        began = perf_counter()
        self._copy_sums(self.sums, plan.sums)
        rates = self._rates(steps)
        taken, alive = plan.run(index, size, steps, rates, self.records[done:], self.step)
        self._copy_sums(plan.sums, self.sums)
        self.step += taken
        self.sampler.taken += taken
        m.t, m.lr = self.step, float(rates[taken - 1])
        self.last_batch, end_slot = self._end(min(size, len(index) - (taken - 1) * size))
        end_slot.hits = plan.step.hits
        self._pace = max(1e-7, (perf_counter() - began) / taken)
        return taken, alive

    def _rates(self, steps: int) -> Array:
        """The learning rates of the next steps."""
        r, per_epoch = self.config, self.steps_per_epoch
        if r.schedule.name == "constant" and not r.schedule.warmup:
            return np.full(steps, r.optimizer.lr * 1.0)
        at = (r.schedule.at((self.step + i) / per_epoch, r.epochs, self.history) for i in range(steps))
        return np.array([r.optimizer.lr * factor for factor in at], np.float64)

    @staticmethod
    def _copy_sums(one: Any, other: Any) -> None:
        other.rows, other.steps, other.loss, other.hits = one.rows, one.steps, one.loss, one.hits
        other.squares, other.grad_norm, other.update_ratio = one.squares, one.grad_norm, one.update_ratio

    def _lowered(self) -> "TrainingPlan | None":
        """The steps as a plan of kernels, where there are kernels and the optimizer goes by batches."""
        r, net = self.config, self.net
        if net.library is None or r.optimizer.full_batch:
            return None
        from trainlab.engine.compiled.plan import Task, TrainingPlan

        task = Task(
            work=self.work,
            x=self.x,
            t=self.t,
            t_batch=self._t,
            loss=r.loss,
            optimizer=r.optimizer,
            motion=self.optimizer_state,
            penalties=self._penalties,
            constraints=self._constraints,
            decayed=net.decayed,
            clip_norm=r.clip_norm,
            average=self.average,
            memory=r.average or 0.0,
            regression=r.regression,
            ends=self._end,
            change=self._changed if r.augment else None,
        )
        return TrainingPlan(task, net.library)

    def _changed(self, x: Array, t: Array) -> None:
        for change in self.config.augment:
            change.change(x, t, self._augment)

    def _batch(self, index: Array) -> tuple[Workspace, LossSlot]:
        work, end = self._end(len(index))
        gather(self.x, index, work.x)
        self.t.take(index, axis=0, out=end.t, mode="clip")
        self._changed(work.x, end.t)
        return work, end

    def _end(self, rows: int) -> tuple[Workspace, LossSlot]:
        found = self._ends.get(rows)
        if found is None:
            work = self.work.first(rows)
            tmp = {k: a[:rows] if self._scratch[k].per_row else a for k, a in self._tmp.items()}
            found = self._ends[rows] = work, LossSlot(work.y, self._t[:rows], work.dy, tmp)
        return found

    def _count(self, work: Workspace, end: LossSlot, loss: float, norm: float, ratio: float) -> None:
        s = self.sums
        s.rows += work.rows
        s.steps += 1
        s.loss += loss * work.rows
        s.hits += end.hits
        s.grad_norm += norm
        s.update_ratio += ratio
        if self.config.regression:
            np.subtract(work.y, end.t, out=work.dy)
            s.squares += float(np.vdot(work.dy, work.dy))

    def _loss_at(self, theta: Array) -> float:
        """Whole loss at another theta, its gradient in net.grad: for full-batch optimizers."""
        kept = self.net.theta.copy()
        self.net.theta[...] = theta
        work, end = self._end(self.sampler.rows)
        work.forward()
        loss = self.config.loss.value(end)
        work.backward()
        for part in self._penalties:
            loss += part.penalty(self._w)
            part.add_gradient(self._w, self._gw)
        self.net.theta[...] = kept
        return loss

    @contextmanager
    def averaged(self) -> Generator[None, None, None]:
        """Inside the block the network has the averaged weights, if weights are averaged."""
        if self.average is None:
            yield
            return
        kept = self.net.theta.copy()
        self.net.theta[...] = self.average
        try:
            yield
        finally:
            self.net.theta[...] = kept

    def penalty(self) -> float:
        """What the regularizers add to the loss now."""
        with np.errstate(all="ignore"):  # of a run that diverges
            return sum(part.penalty(self._w) for part in self.config.regularizers)

    # ------------------------------------------------------------------ saving

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """All that the future of the run depends on: named arrays and plain data."""
        arrays = dict(self.net.params)
        arrays |= {f"optimizer.{k}": a for k, a in self.optimizer_state.buffers.items()}
        if self.average is not None:
            arrays["average"] = self.average
        plain = {
            "version": _VERSION,
            "step": self.step,
            "history": list(self.history),
            "order": self.sampler.state(),
            "noise": self._noise.bit_generator.state,
            "augment": self._augment.bit_generator.state,
            "sums": asdict(self.sums),
        }
        return arrays, plain

    def restore(self, arrays: dict[str, Array], plain: dict[str, Any]) -> None:
        """Go on from a saved state as if nothing had happened."""
        self.net.load_params(arrays)
        for name, a in self.optimizer_state.buffers.items():
            a[...] = arrays[f"optimizer.{name}"]
        if plain.get("version", 1) < 2:
            self.config.optimizer.convert_version_1(self.optimizer_state.buffers)
        if self.average is not None:
            self.average[...] = arrays["average"]
        self.step = plain["step"]
        self.history[:] = plain["history"]
        self.sampler.restore(plain["order"])
        self._noise.bit_generator.state = plain["noise"]
        self._augment.bit_generator.state = plain["augment"]
        self.sums = Sums(**plain["sums"])
