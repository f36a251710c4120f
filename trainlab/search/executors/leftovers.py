"""Trials of one session at a time: those that a killed session left behind end before new ones begin.

Worker processes notice the death of their sweep by themselves and save the state of their trials. They keep a locked
file open as long as they live, so a new session knows when the last one has ended.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from socket import gethostname
from time import monotonic, sleep
from typing import Self

from trainlab.core.errors import UserError
from trainlab.search.executors.heartbeat import SILENCE
from trainlab.store.opening import open_own
from trainlab.store.reading import RunRecord
from trainlab.store.writing import named_errors

_PATIENCE = 60.0  # seconds in which left-over trials must end
_PAUSE = 0.05


class WorkerLock:
    """The lock that the workers of a sweep on this machine share; used in a `with` block.

    Only for the process that holds the sweep's folder. Raises UserError if workers of an earlier session do not end.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".trials"
        with named_errors(self._path, "write"):
            self.handle = open_own(self._path, os.O_RDWR | os.O_CREAT)
        deadline = monotonic() + _PATIENCE
        while not self._taken():
            if monotonic() > deadline:
                os.close(self.handle)
                raise UserError(f"{folder}: trials of an earlier session still run; wait until they end, or kill them")
            sleep(_PAUSE)

    @property
    def inherited(self) -> list[int]:
        """The file descriptors that workers keep open, where the system passes them on."""
        return [self.handle] if os.name == "posix" else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)
        with suppress(OSError):
            self._path.unlink()

    def _taken(self) -> bool:
        try:
            import fcntl
        except ImportError:  # Windows: there is nothing to wait for, because workers inherit nothing
            return True
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
        return True


def wait_for_running(runs: Sequence[Path]) -> None:
    """Wait until no process trains in these run folders.

    A run on another machine whose status does not change for a minute counts as dead.
    """
    seen: dict[Path, tuple[str, float]] = {}
    while runs := [path for path in runs if _runs(path, seen)]:
        sleep(_PAUSE)


def _runs(path: Path, seen: dict[Path, tuple[str, float]]) -> bool:
    record = RunRecord(path, path.name)
    status = record.status
    if record.state != "running" or status is None:
        return False
    if status.host == gethostname():
        return True  # its process lives
    if path not in seen or seen[path][0] != status.updated:
        seen[path] = status.updated, monotonic()
    return monotonic() - seen[path][1] < SILENCE
