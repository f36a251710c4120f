"""The file by which a sweep speaks to its trials on other machines: that it lives, and whether they shall stop.

It lies in the sweep's folder, which all machines share, because a cluster's own messages end where a task has begun.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from trainlab.store.writing import write_atomic

_BEAT = 5.0  # seconds between two signs of life
SILENCE = 60.0  # seconds without one, after which whoever listens takes the sweep for dead
_LOOK = 0.3  # seconds between two looks of a listener


@dataclass(frozen=True, slots=True)
class Word:
    """What the file says: whose session it is, how often it was asked to stop, and a number that grows as it lives."""

    token: str
    stops: int
    beat: int


class Session:
    """The sweep's side. `found_another`: an earlier session has left its file behind, so it did not end by itself."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".session"
        self.found_another = self._path.exists()
        self.token = secrets.token_hex(8)
        self._stops = self._beats = 0
        self._over = Event()
        self._write()
        self._thread = Thread(target=self._live, name="session", daemon=True)
        self._thread.start()

    def stop(self, *, kill: bool) -> None:
        """Ask the trials to end, or to be killed."""
        self._stops = 2 if kill else max(1, self._stops)
        self._write()

    def close(self) -> None:
        """The sweep is over."""
        self._over.set()
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def _live(self) -> None:
        while not self._over.wait(_BEAT):
            self._write()

    def _write(self) -> None:
        self._beats += 1
        word = {"token": self.token, "stops": self._stops, "beat": self._beats}
        write_atomic(self._path, json.dumps(word).encode())


def heard(folder: Path) -> Word | None:
    """What the session of the sweep in this folder says now; None if there is none."""
    try:
        return Word(**json.loads((folder / ".session").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def follow(folder: Path, token: str, stop: Callable[[bool], None]) -> None:
    """Until this session is over, call `stop` (with whether to kill) when it asks to; and when it is over or silent."""
    stops, beat, since, pause = 0, -1, monotonic(), Event()
    while not pause.wait(_LOOK):
        word = heard(folder)
        if word is None or word.token != token:
            break
        if word.beat != beat:
            beat, since = word.beat, monotonic()
        if word.stops > stops:
            stops = word.stops
            stop(stops > 1)
        if monotonic() - since > SILENCE:
            break
    stop(False)
