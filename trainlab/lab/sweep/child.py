"""A trial's process: `python -m trainlab train ...` in the trial's folder, and how it ended.

Whatever happens to it (a crash, a kill, no memory) happens to it alone. It gets a session of its own, so a Ctrl-C
reaches the sweep only, which tells its trials in its own time.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from trainlab.store.writing import named_errors

# one thread a trial: the same product has other bits with two, and two trials would fight for the cores
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_LAST = 1 << 13  # bytes of the error output that are looked at for its last line


@dataclass(frozen=True, slots=True)
class End:
    """How a trial's process ended: its exit code (minus the signal's number where one killed it), its last words."""

    code: int
    last_words: str = ""

    @property
    def reason(self) -> str:
        """Why it is no finished trial, in one line."""
        if self.code >= 0:
            return f"exit code {self.code}: {self.last_words}".rstrip(": ")
        with suppress(ValueError):
            return f"killed by {signal.Signals(-self.code).name}"
        return f"killed by signal {-self.code}"


@dataclass(slots=True)
class Children:
    """The processes of all trials that run now. Safe to use from many threads."""

    _running: set["subprocess.Popen[bytes]"] = field(default_factory=set["subprocess.Popen[bytes]"])
    _lock: Lock = field(default_factory=Lock)
    _stopped: bool = False

    def run(self, folder: Path, *, resume: bool) -> End:
        """Train the trial whose folder this is (it holds a config.yaml), wait, and tell how it ended."""
        words = folder / "stderr.txt"
        what = ["--resume", str(folder)] if resume else [str(folder / "config.yaml"), "--into", str(folder)]
        command = [sys.executable, "-m", "trainlab", "train", *what, "--quiet"]
        with named_errors(words, "write"), words.open("wb") as errors, self._started(command, errors.fileno()) as child:
            code = child.wait() if child else -signal.SIGTERM
        text = _tail(words)
        if not text:
            words.unlink(missing_ok=True)
        return End(code, text.splitlines()[-1] if text else "")

    def stop(self, *, kill: bool = False) -> None:
        """Ask every running trial to end after its step, or kill it; those that have not begun never will."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                with suppress(ProcessLookupError):
                    child.send_signal(signal.SIGKILL if kill else signal.SIGTERM)

    @contextmanager
    def _started(self, command: list[str], errors: int) -> "Generator[subprocess.Popen[bytes] | None]":
        nowhere = subprocess.DEVNULL
        environment = os.environ | dict.fromkeys(THREADS, "1") | {"NO_COLOR": "1"}
        with self._lock:
            if self._stopped:
                child = None
            else:
                child = subprocess.Popen(
                    command, stdin=nowhere, stdout=nowhere, stderr=errors, env=environment, start_new_session=True
                )
                self._running.add(child)
        try:
            yield child
        finally:
            if child:
                with self._lock:
                    self._running.discard(child)


def _tail(path: Path) -> str:
    """The last lines of a file, without what is no text in them."""
    with named_errors(path, "read"), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LAST))
        return file.read().decode(errors="replace").strip()
