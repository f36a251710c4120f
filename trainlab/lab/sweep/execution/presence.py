"""Trials of one session at a time: those that a killed session left behind end before new ones begin.

The processes of a sweep's trials keep a locked file open as long as they live, so its lock tells whether any is left,
also of one that has not written a word into its folder yet.
"""

import fcntl
import os
import signal
from contextlib import suppress
from pathlib import Path
from socket import gethostname
from time import monotonic, sleep

from trainlab.core.errors import UserError
from trainlab.store.reading import RunRecord
from trainlab.store.writing import named_errors

_PATIENCE = 60.0  # seconds that left-over trials have to end after their step
_PAUSE = 0.05


class Presence:
    """The lock of a sweep's trials on this machine; `handle` is what their processes keep open.

    Only for whoever holds the sweep's folder. Raises UserError if trials of an earlier session do not end.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".trials"
        with named_errors(self._path, "write"):
            self.handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        deadline, asked = monotonic() + _PATIENCE, False
        while not self._taken():
            if not asked:
                ask_to_end(folder)
                asked = True
            if monotonic() > deadline:
                os.close(self.handle)
                raise UserError(f"{folder}: trials of an earlier session still run; wait until they end, or kill them")
            sleep(_PAUSE)

    def close(self) -> None:
        """No trial runs any more."""
        with suppress(OSError):
            self._path.unlink()
        os.close(self.handle)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system that knows no locks
            return True
        return True


def ask_to_end(folder: Path) -> None:
    """Tell every trial of a sweep that runs on this machine to save its state and end."""
    with suppress(FileNotFoundError):
        for path in (folder / "trials").iterdir():
            record = RunRecord(path, path.name)
            if record.state == "running" and record.status and record.status.host == gethostname():
                with suppress(ProcessLookupError):
                    os.kill(record.status.pid, signal.SIGTERM)
