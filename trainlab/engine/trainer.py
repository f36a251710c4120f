"""The trainer: runs training steps on the network's backend and keeps their records.

It decides nothing about the run: when to stop, inspect, evaluate and save is decided in `training/`.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from trainlab.core.streams import Streams
from trainlab.core.types import Array
from trainlab.engine.backend import RECORDS, Steps, Sums, TrainingJob
from trainlab.engine.buffers import Batch, aligned
from trainlab.engine.layer_statistics import LayerStatistics, first_non_finite
from trainlab.engine.network import Net
from trainlab.engine.sampler import BatchSampler
from trainlab.engine.training_config import TrainingConfig
from trainlab.optim.history import History
from trainlab.optim.optimizer import OptimizerState
from trainlab.optim.schedule import Schedule
from trainlab.optim.schedules.constant import Constant
from trainlab.store.checkpoint import fitting

_PATIENCE = 0.1  # seconds between two calls of `stop`, unless a single step takes longer
_LONG = 0.05  # seconds of a step that a signal leaves undone, rather than wait for it
_VERSION = 2  # of a saved state; since 2 an optimizer's buffers are the textbook's (Adam's m and v)


@dataclass
class Trainer:
    """Trains a network on rows x with encoded targets t; rows may have weights (rows,), of the network's float type.

    step: number of steps done · sums: totals of the current epoch · records: a row (`RECORDS`) for each step of the
    last `advance` · broken: the last `advance` met a loss or gradient that is not finite; that step was not applied.
    After `advance`, `last_batch` holds the last batch and what the layers made of it, `net.grad` its gradient and
    `optimizer_state.step` the step.
    """

    net: Net
    config: TrainingConfig
    x: Any
    t: Array
    streams: Streams
    weights: Array | None = None
    history: History = field(default_factory=History)
    step: int = 0
    broken: bool = False
    sums: Sums = field(default_factory=Sums)
    average: Array | None = None
    records: Array = field(default_factory=lambda: np.empty((0, len(RECORDS))))

    def __post_init__(self) -> None:
        config, net = self.config, self.net
        full = config.optimizer.full_batch
        self._dropout = self.streams.named("dropout")
        self._augmentation = self.streams.named("augmentation")
        size = len(self.t) if full else config.batch_size
        shuffle = config.shuffle and not full
        self.sampler = BatchSampler(len(self.t), size, self.streams.named("order"), shuffle=shuffle)
        if any(a.mixes for a in config.augment) and self.t.ndim == 1:
            classes = net.out_shape[-1] // net.members
            self.t = np.eye(classes, dtype=net.dtype)[self.t]  # mixed rows belong to several classes
        self.work = net.workspace(self.sampler.batch_size, train=True, rng=self._dropout)
        self.last_batch = self.work
        self.optimizer_state = OptimizerState(
            theta=net.theta,
            g=net.grad,
            step=aligned(net.theta.shape, net.dtype),
            buffers={name: aligned(net.theta.shape, net.dtype) for name in config.optimizer.buffers},
            lr=0.0,
            t=0,
            weights=net.weights,
            factors=net.parts(config.optimizer.lr_factors.of),
            matrices=net.hidden_matrices(),
        )
        if config.average is not None:
            self.average = net.theta.copy()
        job = TrainingJob(
            config,
            self.x,
            self.t,
            self.weights,
            Batch(self.work, self.t, self.weights),
            self.optimizer_state,
            net.decayed,
            self.average,
            self._augment if config.augment else None,
            net.views,
            net.members,
            (self._dropout, self._augmentation),
        )
        self._run_steps = net.backend.prepare_training(job)
        self._seconds_per_step = 1.0
        self._leave = np.zeros(1, np.int32)

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
        return self.optimizer_state.lr if self.step else float(self._rates(1)[0, 0])

    def advance(self, steps: int, stop: Callable[[], bool] | None = None) -> int:
        """Run up to `steps` steps and return how many were run.

        They are fewer when a loss or gradient is not finite (`broken` is then true), or when `stop` returns true: it
        is called between steps, at least every tenth of a second unless a single step takes longer.
        """
        self.broken = False
        self._leave[0] = 0
        if len(self.records) < steps:
            self.records = np.empty((steps, len(RECORDS)))
        done = 0
        with np.errstate(all="ignore"):
            while done < steps and not self.broken and not (stop is not None and stop()):
                patience = steps if self.net.backend.remote else max(1, int(_PATIENCE / self._seconds_per_step))
                asked = min(steps - done, patience, self.steps_left)
                taken = self._run(asked, done, watched=done + asked == steps)
                done += taken
                if taken < asked or self._leave[0]:
                    break
        return done

    def leave_step(self) -> None:
        """Let `advance` return without the step that is running, if that takes long; for a signal, or another thread.

        The backend may finish the step all the same.
        """
        self._leave[0] = 1

    def _run(self, most: int, done: int, *, watched: bool) -> int:
        """Run up to `most` steps of this epoch, after `done` steps of this `advance`."""
        index, size = self.sampler.remaining(), self.sampler.batch_size
        rates = self._rates(most)
        began = perf_counter()
        remote = self.net.backend.remote
        undo = self._undo() if len(rates) == 1 and self._seconds_per_step > _LONG and not remote else None
        leave = self._leave if remote or undo is not None else None
        steps = Steps(self.step + 1, index, rates, self.records[done:], self.sums, leave, watched)
        taken, finite = self._run_steps(steps)
        if not taken:
            if undo is not None:
                undo()
            return 0
        self._seconds_per_step = max(1e-7, (perf_counter() - began) / taken)
        self.step += taken
        self.sampler.skip(taken)
        self.optimizer_state.t, self.optimizer_state.lr = self.step, float(rates[taken - 1, 0])
        self.last_batch = self.work.first(min(size, len(index) - (taken - 1) * size))
        self.broken = not finite
        return taken

    def _undo(self) -> Callable[[], None]:
        """A function that takes back what forward and backward passes change: random states, running statistics."""
        net, generators = self.net, [rng.bit_generator for rng in (self._dropout, self._augmentation)]
        states = [bits.state for bits in generators]
        statistics = {name: a.copy() for name, a in net.params.items() if name not in net.grads}
        t, lr = self.optimizer_state.t, self.optimizer_state.lr

        def undo() -> None:
            for bits, state in zip(generators, states, strict=True):
                bits.state = state
            for name, a in statistics.items():
                net.params[name][...] = a
            self.optimizer_state.t, self.optimizer_state.lr = t, lr

        return undo

    def _rates(self, steps: int) -> Array:
        """The learning rates of the next steps, and the factors on dropout and on weight decay: (steps, 3)."""
        config, found = self.config, np.ones((steps, 3))
        scheduled = (config.schedule, config.dropout_schedule, config.weight_decay_schedule)
        for column, schedule in enumerate(scheduled):
            if schedule is not None and not (isinstance(schedule, Constant) and not schedule.warmup):
                found[:, column] = self._factors(schedule, steps)  # small networks run thousands of steps in a call
        found[:, 0] *= config.optimizer.lr
        return found

    def _factors(self, schedule: Schedule, steps: int) -> list[float]:
        per_epoch, epochs = self.steps_per_epoch, self.config.epochs
        return [schedule.at((self.step + i) / per_epoch, epochs, self.history) for i in range(steps)]

    def _augment(self, x: Array, t: Array) -> None:
        for augmentation in self.config.augment:
            augmentation.change(x, t, self._augmentation)

    def pop_sums(self) -> Sums:
        """The totals of the epoch so far; counting starts again from zero."""
        sums, self.sums = self.sums, Sums()
        return sums

    def report_metric(self, value: float) -> None:
        """Tell the schedule the watched metric of the epoch that has ended; lower is better."""
        self.history.append(value)

    # ------------------------------------------------------------------ inspecting

    @cached_property
    def layer_statistics(self) -> LayerStatistics:
        """Measures the layers after the last step: `layer_statistics.values(last_batch.rows)`."""
        step = self.net.views(self.optimizer_state.step)
        return LayerStatistics(self.net.backend, self.net.all_nodes(), self.work, step)

    def first_non_finite(self) -> str:
        """The place of the first non-finite number of the last step: `input`, `dense1.W`, `relu2`, `loss`, ..."""
        return first_non_finite(self.net.all_nodes(), self.last_batch)

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
            weights = self.net.theta[: self.net.weights]
            return sum(part.penalty(weights) for part in self.config.regularizers)

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
            "noise": self._dropout.bit_generator.state,
            "augment": self._augmentation.bit_generator.state,
            "sums": asdict(self.sums),
        }
        return arrays, plain

    def require(self, arrays: Mapping[str, Array], plain: Mapping[str, Any], epoch: int) -> None:
        """Raises LookupError, with the reason, unless `restore` can go on from this state, which is of this epoch."""
        for name, own in self.state()[0].items():
            fitting(arrays, name, own)
        step, taken, each = plain["step"], plain["order"]["taken"], self.steps_per_epoch
        if not 0 <= taken <= each or (step - taken) % each or not epoch * each <= step <= (epoch + 1) * each:
            raise LookupError(f"step {step} of epoch {epoch} is not {taken} steps into an epoch of {each}")

    def restore(self, arrays: Mapping[str, Array], plain: Mapping[str, Any]) -> None:
        """Go on from a saved state as if nothing had happened."""
        for name, own in self.state()[0].items():
            own[...] = arrays[name]
        if plain.get("version", 1) < 2:
            self.config.optimizer.convert_version_1(self.optimizer_state.buffers)
        self.step = plain["step"]
        self.history = History(plain["history"])
        self.sampler.restore(plain["order"])
        self._dropout.bit_generator.state = plain["noise"]
        self._augmentation.bit_generator.state = plain["augment"]
        self.sums = Sums(**plain["sums"])
