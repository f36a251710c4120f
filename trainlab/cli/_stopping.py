"""Ctrl-C (SIGINT), SIGTERM and SIGHUP during work that can stop gently."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from trainlab.cli import _terminal
from trainlab.cli._progress import Quiet
from trainlab.cli._signals import on_signal
from trainlab.engine.torch.processes import leads

if TYPE_CHECKING:  # the fourteen modules of a search cost `trainlab train` a tenth of its start
    from trainlab.cli._sweep_progress import Quiet as QuietSweep

Q = TypeVar("Q", bound="QuietSweep")


@contextmanager
def stoppable(progress: Quiet) -> Generator[None]:
    """A signal stops the run after the current step; a second one stops it immediately."""

    def ask(signal_name: str) -> str:
        if progress.stop_reason or not progress.running:
            raise KeyboardInterrupt
        progress.request_stop(f"stopped by {signal_name}")
        return f"stopping after this step; a second {signal_name} stops immediately" if leads() else ""

    with on_signal(ask, _terminal.note):
        try:
            yield
        finally:
            progress.close()


@contextmanager
def sweep_stoppable(callback: Q) -> Generator[Q]:
    """In the block a signal stops the sweep after its trials' steps, and a second one kills its trials."""

    def ask(_: str) -> str:
        if not callback.running or callback.stops > 1:
            raise KeyboardInterrupt
        callback.request_stop()
        if callback.stops > 1:
            return "killing the running trials"
        return "stopping: the running trials save their state (Ctrl-C again kills them)"

    with on_signal(ask, _terminal.note):
        try:
            yield callback
        finally:
            callback.on_sweep_end()
