"""Trials of one session at a time: those that a killed session left behind end before new ones begin.

The processes of a sweep's trials keep a locked file open as long as they live, so its lock tells whether any is left,
also of one that has not written a word into its folder yet.
"""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from socket import gethostname
from time import monotonic, sleep

from trainlab.core.errors import UserError
from trainlab.search.executors.session import SILENCE
from trainlab.store.reading import RunRecord
from trainlab.store.writing import named_errors

_PATIENCE = 60.0  # seconds that left-over trials have to end after their step
_PAUSE = 0.05
_AGAIN = 1.0  # seconds until those are looked for that could not be told before


class Presence:
    """The lock of a sweep's trials on this machine.

    Only for whoever holds the sweep's folder. Raises UserError if trials of an earlier session do not end.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".trials"
        with named_errors(self._path, "write"):
            self.handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        deadline, due, told = monotonic() + _PATIENCE, monotonic(), set[int]()
        while not self._taken():
            if monotonic() >= due:  # again and again: one that has just begun has no status yet
                ask_to_end(folder, told)
                due = monotonic() + _AGAIN
            if monotonic() > deadline:
                os.close(self.handle)
                raise UserError(f"{folder}: trials of an earlier session still run; wait until they end, or kill them")
            sleep(_PAUSE)

    @property
    def inherited(self) -> list[int]:
        """What the processes of trials keep open, where they can."""
        return [self.handle] if os.name == "posix" else []

    def close(self) -> None:
        """No trial runs any more."""
        os.close(self.handle)
        with suppress(OSError):
            self._path.unlink()

    def _taken(self) -> bool:
        try:
            import fcntl
        except ImportError:  # Windows: nobody can tell, and nothing is inherited
            return True
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system that knows no locks
            return True
        return True


def settle(runs: Sequence[Path]) -> None:
    """Wait until nobody trains in these run folders: what outlived an earlier session is told to end.

    Trials on other machines hear it from the new session's file; one whose status is silent for a minute was on a
    machine that is gone.
    """
    told: set[int] = set()
    heard: dict[Path, tuple[str, float]] = {}
    left = list(runs)
    while left := [path for path in left if _goes_on(path, told, heard)]:
        sleep(_PAUSE)


def _goes_on(path: Path, told: set[int], heard: dict[Path, tuple[str, float]]) -> bool:
    """Whether a run is being trained; on this machine it is told once to end."""
    record = RunRecord(path, path.name)
    status = record.status
    if record.state != "running" or status is None:
        return False
    if status.host == gethostname():
        _tell(status.pid, told)
        return True
    if path not in heard or heard[path][0] != status.updated:
        heard[path] = status.updated, monotonic()
    return monotonic() - heard[path][1] < SILENCE


def ask_to_end(folder: Path, told: set[int]) -> None:
    """Tell every trial of a sweep that runs on this machine, but those `told` before, to save its state and end."""
    trials = folder / "trials"
    for status in [*trials.glob("*/status.json"), *trials.glob("*/*/status.json")]:
        record = RunRecord(status.parent, status.parent.name)
        if record.state == "running" and record.status and record.status.host == gethostname():
            _tell(record.status.pid, told)


def _tell(pid: int, told: set[int]) -> None:
    """Ask a process to end, once: a second signal would end it before its state is saved."""
    if pid not in told:
        told.add(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
