"""What an executor gets and returns: a job (train the trial in this folder) and its exit status."""

import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trainlab.store.opening import reading

PLUGINS = "TRAINLAB_PLUGINS"  # variable of a worker: what `core.plugins.references` gives, as JSON
_TAIL = 1 << 13  # bytes at the end of stderr.txt that are searched for its last line


@dataclass(frozen=True, slots=True)
class Job:
    """Train the trial in this folder, which holds a config.yaml.

    resume: continue from its last checkpoint · until: stop after this epoch; None: train to the end · test: score the
    test rows at its end.
    """

    folder: Path
    resume: bool = False
    until: int | None = None
    test: bool = True

    @property
    def arguments(self) -> list[str]:
        """The command line that does the same: `trainlab train ...`."""
        what = ["--resume"] if self.resume else [str(self.folder / "config.yaml"), "--into"]
        until = [] if self.until is None else ["--until", str(self.until)]
        return ["train", *what, str(self.folder), *until, "--quiet"]

    @property
    def stderr(self) -> Path:
        """The file that gets the error output of the trial."""
        return self.folder / "stderr.txt"


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a trial ended: its exit code (minus the signal's number if a signal killed it), its last line on stderr.

    limit: which limit it exceeded, empty if none.
    """

    code: int
    last_line: str = ""
    limit: str = ""

    @property
    def reason(self) -> str:
        """Why the trial did not finish, in one line.

        >>> ExitStatus(-9).reason, ExitStatus(2, "x.csv: no such file").reason, ExitStatus(-15, limit="too slow").reason
        ('killed by SIGKILL', 'exit code 2: x.csv: no such file', 'too slow')
        """
        if self.limit:
            return self.limit
        if self.code >= 0:
            return f"exit code {self.code}: {self.last_line}".rstrip(": ")
        with suppress(ValueError):
            return f"killed by {signal.Signals(-self.code).name}"
        return f"killed by signal {-self.code}"


def last_line(path: Path) -> str:
    """The last line of a file of error output. Removes the file if it is empty."""
    with suppress(OSError):
        with reading(path) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            text = file.read().decode(errors="replace").strip()
        if text:
            return text.splitlines()[-1]
        path.unlink()
    return ""
