"""Several processes that train one network, each on its part of every batch, as `torchrun` starts them.

Every process does the same with the same random numbers; only the rows of a batch are divided, and the gradients
summed. So all have the same weights after each step. The first process leads: it alone watches the run and writes its
folder. A process that ends says so in what would have been its next step, so that none waits for it.
"""

import atexit
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

_PATIENCE = timedelta(hours=2)  # how long a process waits for another, which may be saving or probing
_OWN = 4  # numbers in front of the statistics: loss, hits, squares, processes that have ended


class GroupEnded(Exception):  # noqa: N818 - no error: another process has ended the run
    """Another process has ended the run: the step that has begun is left undone."""


def count() -> int:
    """How many processes train this network."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def leads() -> bool:
    """Whether this process watches the run and writes its folder."""
    return rank() == 0


class Processes:
    """The group of processes. statistics: tensors that are averaged over the processes after each forward pass."""

    def __init__(self, torch: Any, device: Any, statistics: list[Any]) -> None:
        self._torch, self._statistics = torch, statistics
        if device.type == "cuda":
            torch.cuda.set_device(device)  # else every process keeps some memory of the first GPU
        _join(torch)
        numbers = _OWN + sum(s.numel() for s in statistics)
        self._numbers = torch.zeros(numbers, dtype=torch.float64, device=device)
        self._over = False
        _joined.append(self)

    @property
    def over(self) -> bool:
        """Whether a process has ended."""
        return self._over

    def kept(self) -> list[Any]:
        """Copies of the statistics."""
        return [s.clone() for s in self._statistics]

    def restore(self, kept: list[Any]) -> None:
        """Statistics from their copies."""
        for s, before in zip(self._statistics, kept, strict=True):
            s.copy_(before)

    def part(self, rows: int) -> slice:
        """The rows of a batch that are this process's."""
        share = -(-rows // count())
        return slice(min(rows, rank() * share), min(rows, (rank() + 1) * share))

    def total(self, loss: float, hits: float, squares: float) -> tuple[float, float, float]:
        """The sums over all processes; statistics become their means. Raises GroupEnded if another one has ended."""
        numbers, at = self._numbers, _OWN
        numbers[:_OWN] = self._torch.tensor([loss, hits, squares, 0.0], dtype=numbers.dtype)
        for s in self._statistics:
            numbers[at : at + s.numel()] = s.reshape(-1) / count()
            at += s.numel()
        self._torch.distributed.all_reduce(numbers)
        loss, hits, squares, ended = numbers[:_OWN].tolist()
        if ended:
            self._over = True
            raise GroupEnded
        at = _OWN
        for s in self._statistics:
            s.copy_(numbers[at : at + s.numel()].reshape(s.shape))
            at += s.numel()
        return loss, hits, squares

    def add(self, g: Any) -> None:
        """The sum of the gradients of all processes, in place."""
        self._torch.distributed.all_reduce(g)

    def end(self) -> None:
        """Tell the others that this process takes no further step."""
        if not self._over:
            self._over = True
            self._numbers.zero_()
            self._numbers[_OWN - 1] = 1.0
            self._torch.distributed.all_reduce(self._numbers)


_joined: list[Processes] = []  # of this process's trainer


@contextmanager
def together() -> Generator[None]:
    """When the block ends, so does the run in all processes."""
    try:
        yield
    finally:
        for group in _joined:
            group.end()
        _joined.clear()


def wait_for_all() -> None:
    """Wait until every process has come here, before the first step."""
    torch: Any = import_module("torch")
    _join(torch)
    torch.distributed.all_reduce(torch.zeros(1))


def _join(torch: Any) -> None:
    """Meet the other processes, once: gloo between processors, NCCL between GPUs."""
    if not torch.distributed.is_initialized():
        backends = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        torch.distributed.init_process_group(backends, timeout=_PATIENCE)
        atexit.register(torch.distributed.destroy_process_group)  # else its threads may abort the process at its end
