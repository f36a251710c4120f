"""The file with which a sweep on one machine shows its trials on others that it is alive, and whether they must stop.

It lies in the sweep's folder, which all machines share: Dask's own messages do not reach a task that runs.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from trainlab.store.opening import read_own
from trainlab.store.writing import write_atomic

SILENCE = 60.0  # seconds without a beat after which the sweep counts as dead
_EVERY = 5.0  # seconds between two beats
_POLL = 0.3  # seconds between two readings by a follower


@dataclass(frozen=True, slots=True)
class Beat:
    """The content of the file: the session's token, how often it was asked to stop, a number that grows."""

    token: str
    stops: int
    number: int


class Heartbeat:
    """The sweep's side. `found_another`: an earlier session left its file behind, so it did not end by itself."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".session"
        self.found_another = self._path.exists()
        self.token = secrets.token_hex(8)
        self._stops = self._number = 0
        self._over = Event()
        self._write()
        self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self, *, kill: bool) -> None:
        """Ask the trials to end, or to be killed."""
        self._stops = 2 if kill else max(1, self._stops)
        self._write()

    def close(self) -> None:
        """End the session."""
        self._over.set()
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._over.wait(_EVERY):
            self._write()

    def _write(self) -> None:
        self._number += 1
        write_atomic(self._path, json.dumps(asdict(Beat(self.token, self._stops, self._number))).encode())


def read_beat(folder: Path) -> Beat | None:
    """The last beat of the sweep in this folder; None if no session runs."""
    try:
        return Beat(**json.loads(read_own(folder / ".session")))
    except (OSError, ValueError, TypeError):
        return None


def follow(folder: Path, token: str, stop: Callable[[bool], None]) -> None:
    """Until this session is over, call `stop` (with whether to kill) when it asks for it; and once at its end."""
    stops, number, since, pause = 0, -1, monotonic(), Event()
    while not pause.wait(_POLL):
        beat = read_beat(folder)
        if beat is None or beat.token != token:
            break
        if beat.number != number:
            number, since = beat.number, monotonic()
        if beat.stops > stops:
            stops = beat.stops
            stop(stops > 1)
        if monotonic() - since > SILENCE:
            break
    stop(False)
