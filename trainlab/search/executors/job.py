"""A job: train the trial in this folder. An end: how the process that did so ended."""

import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LAST = 1 << 13  # bytes of the error output that are looked at for its last line


@dataclass(frozen=True, slots=True)
class Job:
    """A trial's folder, which holds a config.yaml; whether it goes on from a checkpoint; after which epoch it stops.

    `until` is None for a trial that is trained to its end.
    """

    folder: Path
    resume: bool = False
    until: int | None = None

    @property
    def arguments(self) -> list[str]:
        """What `trainlab` is called with."""
        if self.resume:
            what = ["--resume", str(self.folder)]
        else:
            what = [str(self.folder / "config.yaml"), "--into", str(self.folder)]
        until = [] if self.until is None else ["--until", str(self.until)]
        return ["train", *what, *until, "--quiet"]

    @property
    def words(self) -> Path:
        """stderr.txt: what the process said."""
        return self.folder / "stderr.txt"


@dataclass(frozen=True, slots=True)
class End:
    """How a trial's process ended: its exit code (minus the signal's number where one killed it), its last words.

    `over` says which limit it had passed, if any.
    """

    code: int
    last_words: str = ""
    over: str = ""

    @property
    def reason(self) -> str:
        """Why it is no finished trial, in one line.

        >>> End(-9).reason, End(2, "x.csv: no such file").reason, End(-15, over="over its limit of 60 s").reason
        ('killed by SIGKILL', 'exit code 2: x.csv: no such file', 'over its limit of 60 s')
        """
        if self.over:
            return self.over
        if self.code >= 0:
            return f"exit code {self.code}: {self.last_words}".rstrip(": ")
        with suppress(ValueError):
            return f"killed by {signal.Signals(-self.code).name}"
        return f"killed by signal {-self.code}"


def last_words(path: Path) -> str:
    """The last line of a file of error output; the file is removed if it says nothing."""
    with suppress(OSError):
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _LAST))
            text = file.read().decode(errors="replace").strip()
        if text:
            return text.splitlines()[-1]
        path.unlink()
    return ""
