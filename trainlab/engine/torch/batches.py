"""The batches of training steps, on the device. The next one is made ready in a thread while a step computes.

Order and bits are those without the thread: what a batch needs of the random generators is drawn batch after batch, and
between two calls the generators stand where the last batch that was used left them.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows, gather
from trainlab.engine.backend import TrainingJob
from trainlab.engine.blas import cores
from trainlab.engine.torch.network import Noise
from trainlab.engine.torch.processes import Processes


@dataclass(frozen=True, slots=True)
class Rows:
    """Memory of a batch: rows, targets, and weights if they have any."""

    x: Array
    t: Array
    weights: Array | None


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a step.

    host: its memory, of the whole batch · own: the rows of it that this process computes · x, t, weights, noise: of
    these, on the device · before, after: states of the generators.
    """

    index: Array
    host: Rows
    own: slice
    x: Any
    t: Any
    weights: Any
    noise: Mapping[str, Any]
    before: list[Any]
    after: list[Any]


def fill(array: Array, rows: Array) -> None:
    """Write the rows to the beginning, and again behind it as often as they fit: of a batch that processes share, each
    has its own rows, and the layers are measured by them.
    """
    array[: len(rows)] = rows
    if len(rows) < len(array):
        array[len(rows) :] = np.resize(rows, (len(array) - len(rows), *rows.shape[1:]))


class Batches:
    """Makes the batches of a job, the next one ahead where that can gain: for a GPU, for rows that are read from a
    file, and for augmentation where a second core is there.
    """

    def __init__(self, job: TrainingJob, torch: Any, device: Any, others: Processes | None) -> None:
        self._job, self._torch, self._device, self._others = job, torch, device, others
        self._noise = Noise(job.batch.work)
        work, batch = job.batch.work, job.batch
        self._workspace = Rows(work.x, batch.t, batch.weights)
        augmented = job.augment is not None and cores() > 1
        gains = device.type != "cpu" or isinstance(job.x, LazyRows) or augmented
        ahead = gains and not job.config.optimizer.full_batch
        self._memory = [self._copy(), self._copy()] if ahead else [self._workspace]
        self._pool = ThreadPoolExecutor(1, "trainlab-batches") if ahead else None
        self._waiting: Future[Batch] | None = None
        self._settled = True

    def take(self, index: Array, following: Array | None = None) -> Batch:
        """The batch of these rows; that of the following ones, if they are known, is made in the meantime."""
        batch = self._waiting.result() if self._waiting is not None else None
        if batch is None or not self._fits(batch, index):
            batch = self._made(index, self._memory[0])
        elif self._settled:
            self._set(batch.after)
        self._waiting, self._settled = None, False
        if self._pool is not None and following is not None and following.size:
            free = next(memory for memory in self._memory if memory is not batch.host)
            self._waiting = self._pool.submit(self._made, following, free)
        return batch

    def again(self, batch: Batch) -> Batch:
        """The same rows, as they were augmented, with the layers' next random numbers."""
        drawn = self._noise.draw(len(batch.index), batch.own)
        return replace(batch, noise={name: self._sent(a) for name, a in drawn.items()})

    def settle(self, batch: Batch) -> None:
        """After the last step of a call: the workspace holds its batch, and the generators stand behind it."""
        if self._waiting is not None:
            wait([self._waiting])
        rows = len(batch.index)
        if self._pool is not None or self._others is not None:
            fill(self._workspace.x[:rows], batch.host.x[batch.own])
        if self._pool is None:
            return
        self._set(batch.after)
        self._settled = True
        self._workspace.t[:rows] = batch.host.t[:rows]
        if self._workspace.weights is not None and batch.host.weights is not None:
            self._workspace.weights[:rows] = batch.host.weights[:rows]

    def give_back(self, batch: Batch) -> None:
        """After a step that was left undone: the generators stand before its batch."""
        if self._waiting is not None:
            wait([self._waiting])
        if batch.before:
            self._set(batch.before)
        self._settled = True

    def _fits(self, batch: Batch, index: Array) -> bool:
        """Whether the batch that was made ahead is the one that is wanted: a run may have been restored since."""
        return np.array_equal(batch.index, index) and not (self._settled and batch.before != self._states())

    def _made(self, index: Array, memory: Rows) -> Batch:
        job, rows, before = self._job, len(index), self._states()
        own = slice(0, rows) if self._others is None else self._others.part(rows)
        x, t = memory.x[:rows], memory.t[:rows]
        weights = None if memory.weights is None else memory.weights[:rows]
        with np.errstate(all="ignore"):  # a thread does not inherit it
            if job.augment is None:
                gather(job.x, index[own], x[own])
            else:  # every process draws the same random numbers
                gather(job.x, index, x)
            job.targets.take(index, axis=0, out=t, mode="clip")
            if job.weights is not None and weights is not None:
                job.weights.take(index, out=weights, mode="clip")
            if job.augment is not None:
                job.augment(x, t)
            noise = {name: self._sent(a) for name, a in self._noise.draw(rows, own).items()}
        sent = None if weights is None else self._sent(weights[own])
        return Batch(index, memory, own, self._sent(x[own]), self._sent(t[own]), sent, noise, before, self._states())

    def _copy(self) -> Rows:
        """Memory like the workspace's; a GPU reads it while the processor goes on, if it is pinned."""

        def like(array: Array) -> Array:
            pinned = self._device.type == "cuda"
            made = self._torch.empty(array.shape, dtype=self._torch.from_numpy(array).dtype, pin_memory=pinned)
            return made.numpy()

        kept = self._workspace
        return Rows(like(kept.x), like(kept.t), None if kept.weights is None else like(kept.weights))

    def _sent(self, array: Array) -> Any:
        """An array of a batch as a tensor on the device. Only CUDA waits for memory that is not pinned: a Mac's GPU may
        read noise that is freed by then (github.com/pytorch/pytorch/issues/189690).
        """
        return self._torch.from_numpy(array).to(self._device, non_blocking=self._device.type == "cuda")

    def _states(self) -> list[Any]:
        if self._pool is None and self._others is None:
            return []
        return [g.bit_generator.state for g in self._job.generators]

    def _set(self, states: list[Any]) -> None:
        for generator, state in zip(self._job.generators, states, strict=True):
            generator.bit_generator.state = state
