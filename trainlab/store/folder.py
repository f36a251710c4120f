"""The run folder `runs/NAME-N`, which two processes never share, and the names of its files."""

import os
import re
import unicodedata
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from trainlab.core.errors import UserError
from trainlab.store.lock import locked
from trainlab.store.opening import FOLDERS
from trainlab.store.writing import named_errors

FILES = ("config.yaml", "status.json", "metrics.csv", "steps.csv", "layers.csv", "diagnoses.jsonl", "environment.json")
_LONGEST = 100  # bytes of a name, so that NAME-sweep-N and its temporary files fit every file system
_READABLE = "._+=,"
_SUFFIXES = (".csv", ".json", ".jsonl", ".yaml", ".html")  # of files that trainlab writes


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that holds one run. Make one with `create`, find one with `open`."""

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str, *, into: Path | None = None) -> Self:
        """Makes `runs/NAME-N` with the next free number, or takes the folder `into` if no run is in it yet.

        Raises UserError if the folder cannot be made, or if `into` holds a run.
        """
        if into is not None:
            folder = cls(into)
            if folder.status.exists() or folder.metrics.exists():
                raise UserError(f"{into}: there is a run in this folder already; choose another, or use --resume")
            _make(into, exist_ok=True)
        else:
            folder = cls(next_free(runs, safe_name(name)))
        _make(folder.checkpoints, exist_ok=True)
        return folder

    @classmethod
    def open(cls, path_or_name: Path | str, runs: Path) -> Self:
        """The run folder at a path, or of this name inside `runs`.

        Raises UserError with the nearest names if there is none.
        """
        given = Path(path_or_name)
        for path in (given, runs / given):
            if is_run(path):
                _refuse_foreign(path)
                return cls(path)
        there = sorted(p.name for p in runs.iterdir() if is_run(p)) if runs.is_dir() else []
        near = get_close_matches(given.name, there, n=3, cutoff=0.7)
        if os.path.isdir(given):
            raise UserError(f"{given}: not a run folder: it has none of {', '.join(FILES)}")
        if near:
            raise UserError(f"no run `{path_or_name}` in {runs}; did you mean {' or '.join(f'`{n}`' for n in near)}?")
        if there:
            few = ", ".join(there[-5:]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
            raise UserError(f"no run `{path_or_name}` in {runs}; it holds {few}")
        raise UserError(f"no run `{path_or_name}`: there are no runs in {runs}")

    @property
    def name(self) -> str:
        """The folder's own name, `NAME-N`."""
        return self.path.resolve().name

    @property
    def config(self) -> Path:
        """config.yaml: the resolved config; running it again gives the same numbers."""
        return self.path / "config.yaml"

    @property
    def status(self) -> Path:
        """status.json: see `store.status`."""
        return self.path / "status.json"

    @property
    def metrics(self) -> Path:
        """metrics.csv: a row per epoch."""
        return self.path / "metrics.csv"

    @property
    def steps(self) -> Path:
        """steps.csv: a row per step."""
        return self.path / "steps.csv"

    @property
    def layers(self) -> Path:
        """layers.csv: layer statistics in long form."""
        return self.path / "layers.csv"

    @property
    def regions(self) -> Path:
        """regions.csv: what a network of two inputs answers on a grid, after a few epochs."""
        return self.path / "regions.csv"

    @property
    def diagnoses(self) -> Path:
        """diagnoses.jsonl: one finding per line."""
        return self.path / "diagnoses.jsonl"

    @property
    def environment(self) -> Path:
        """environment.json: see `store.environment`."""
        return self.path / "environment.json"

    @property
    def network(self) -> Path:
        """network.json: the layers, their shapes, parameters and multiply-adds."""
        return self.path / "network.json"

    @property
    def data(self) -> Path:
        """data.json: facts about the rows, and the score at chance level."""
        return self.path / "data.json"

    @property
    def defaults(self) -> Path:
        """defaults.json: the default of each setting that the run has changed."""
        return self.path / "defaults.json"

    @property
    def mistakes(self) -> Path:
        """mistakes.json: the confusion matrix and the worst errors of the best checkpoint."""
        return self.path / "mistakes.json"

    @property
    def decision(self) -> Path:
        """decision.json: see `store.decision`."""
        return self.path / "decision.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints, see `store.checkpoint`."""
        return self.path / "checkpoints"

    def lock(self) -> AbstractContextManager[None]:
        """Holds the folder for this process inside a `with` block. Raises UserError if another process does."""
        return locked(self.path)


def _refuse_foreign(path: Path) -> None:
    """Raises UserError if a file of the run is a link, or no file at all: it would be read or written elsewhere."""
    with named_errors(path, "read"), os.scandir(path) as entries:
        for entry in entries:
            if entry.name in FOLDERS and not entry.is_dir(follow_symlinks=False):
                raise UserError(f"{path}/{entry.name}: a folder is expected here, and trainlab does not follow links")
            if entry.name in (*FILES, "regions.csv") and not entry.is_file(follow_symlinks=False):
                raise UserError(f"{path}/{entry.name}: a regular file is expected here; trainlab does not follow links")


def refuse_links(folder: Path) -> None:
    """Raises UserError if anything in the folder or below it is a link: it would be read or written elsewhere.

    Nor may a folder stand where the folder's own files belong: it would be noticed when others have changed.
    """
    for path in folder.glob("*.*"):
        if path.suffix in _SUFFIXES and not path.is_file() and not path.is_symlink():
            what = "a folder" if path.is_dir() else "no regular file"
            raise UserError(f"{path}: is {what}, and a regular file is expected here; move it away")
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *files)):
            if path.is_symlink():
                raise UserError(f"{path}: is a link; trainlab does not follow links in a sweep")


def is_run(path: Path) -> bool:
    """Whether a folder holds a run, or was just made for one: `NAME-N` with nothing in it but `checkpoints`."""
    if any(os.path.lexists(f"{path}/{name}") for name in FILES):
        return True
    try:
        inside = set(os.listdir(path))
    except (OSError, ValueError):  # no folder, or a name that no file can have
        return False
    return not inside - {"checkpoints", ".lock"} and re.fullmatch(r".+-\d+", path.resolve().name) is not None


def safe_name(name: str) -> str:
    """The name in a form that every file system accepts: letters and digits of any script, `._+=,` and single dashes.

    >>> safe_name("../größe 2 (new)"), safe_name("a/b"), safe_name("...")
    ('größe-2-new', 'a-b', 'run')
    """
    composed = unicodedata.normalize("NFC", name)
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c in _READABLE else "-" for c in composed)
    short = kept.encode()[:_LONGEST].decode(errors="ignore")
    return re.sub(r"-+", "-", short).strip("-. ") or "run"


def next_free(runs: Path, name: str) -> Path:
    """Makes `runs/NAME-N` with the next free number; two processes never get the same. The name must be safe.

    Raises UserError if the folder cannot be made.
    """
    _make(runs, exist_ok=True)
    pattern = re.compile(re.escape(name) + r"-([0-9]+)")
    with named_errors(runs, "read"):
        matches = [pattern.fullmatch(unicodedata.normalize("NFC", p.name)) for p in runs.iterdir()]
    number = max((int(m[1]) for m in matches if m), default=0) + 1
    while True:
        path = runs / f"{name}-{number}"
        try:
            _make(path, exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return path


def _make(path: Path, *, exist_ok: bool) -> None:
    try:
        path.mkdir(parents=exist_ok, exist_ok=exist_ok)
    except FileExistsError:
        if exist_ok:
            raise UserError(f"{path}: cannot make this folder: a file of that name is in the way") from None
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot make this folder: {error.strerror or error}") from error
