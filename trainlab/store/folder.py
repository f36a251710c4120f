"""The run folder `runs/NAME-N`, which two processes never share, and the names of its files."""

import os
import re
import unicodedata
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from errno import EACCES, EPERM, EROFS
from pathlib import Path
from typing import Self, overload

from trainlab.core.errors import UserError
from trainlab.core.plugins import RECORD
from trainlab.store.lock import locked
from trainlab.store.opening import FOLDERS
from trainlab.store.writing import named_errors

_LONGEST = 100  # bytes of a name, so that NAME-sweep-N and its temporary files fit every file system
_READABLE = "._+=,"
_TUNE = "tune.jsonl"  # `trainlab.store.steps` reads it
ENSEMBLE = "ensemble.json"  # the index of an ensemble's folder
_SUFFIXES = (".csv", ".json", ".jsonl", ".yaml", ".html")  # of files that trainlab writes


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run folder, declared once as an attribute of `RunFolder`; of a folder, the attribute is its path.

    marks: a folder that has it is a run · needed: a run without it is damaged.
    """

    name: str
    meaning: str
    marks: bool = False
    needed: bool = False

    @overload
    def __get__(self, folder: None, owner: type["RunFolder"]) -> Self: ...
    @overload
    def __get__(self, folder: "RunFolder", owner: type["RunFolder"]) -> Path: ...
    def __get__(self, folder: "RunFolder | None", owner: type["RunFolder"]) -> Self | Path:
        return self if folder is None else folder.path / self.name


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that holds one run. Make one with `create`, find one with `open`."""

    path: Path

    config = RunFile(
        "config.yaml",
        "the resolved config with all defaults; training it again gives the same numbers, bit for bit",
        marks=True,
        needed=True,
    )
    status = RunFile(
        "status.json",
        "state, times, last step, best epoch, test metrics, exit code; replaced atomically",
        marks=True,
        needed=True,
    )
    metrics = RunFile("metrics.csv", "a row per epoch, flushed at once", marks=True, needed=True)
    steps = RunFile("steps.csv", "a row per step: step, loss, lr, grad_norm, update_ratio", marks=True)
    layers = RunFile("layers.csv", "a row per measured quantity of a layer: step, layer, quantity, value", marks=True)
    regions = RunFile(
        "regions.csv", "what the network answers on a grid, after a few epochs; only of a network of two inputs"
    )
    diagnoses = RunFile(
        "diagnoses.jsonl",
        "one finding per line, as they come; put in order at the end, withdrawn ones last",
        marks=True,
    )
    environment = RunFile(
        "environment.json",
        "versions, platform, backend, BLAS threads, git commit, command line, data fingerprint",
        marks=True,
    )
    network = RunFile("network.json", "layers: shapes, parameters, multiply-adds per row")
    data = RunFile("data.json", "rows per split, classes, columns, what was guessed, the score at chance level")
    defaults = RunFile("defaults.json", "the default of each setting that you changed")
    mistakes = RunFile("mistakes.json", "confusion matrix and worst errors of the best checkpoint; written at the end")
    decision = RunFile("decision.json", "temperature and threshold of the best checkpoint; only where there are some")
    plugins = RunFile(
        RECORD, "plugins: their files, hashes and components, with copies in plugins/; only where there are some"
    )

    @classmethod
    def create(cls, runs: Path, name: str, *, into: Path | None = None) -> Self:
        """Makes `runs/NAME-N` with the next free number, or takes the folder `into` if no run is in it yet.

        Raises UserError if the folder cannot be made, or if `into` holds a run.
        """
        if into is not None:
            folder = cls(into)
            if folder.status.exists() or folder.metrics.exists():
                raise UserError(f"{into}: there is a run in this folder already; choose another, or use --resume")
            make_folder(into, exist_ok=True)
        else:
            folder = cls(next_free(runs, safe_name(name)))
        make_folder(folder.checkpoints, exist_ok=True)
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
        for path in (given, runs / given):
            _refuse_search(path)
        if os.path.isdir(given):
            raise UserError(f"{given}: not a run folder: it has none of {', '.join(MARKS)}")
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
    def checkpoints(self) -> Path:
        """The folder of checkpoints, see `store.checkpoint`."""
        return self.path / "checkpoints"

    def lock(self) -> AbstractContextManager[None]:
        """Holds the folder for this process inside a `with` block. Raises UserError if another process does."""
        return locked(self.path)


RUN_FILES = tuple(file for file in vars(RunFolder).values() if isinstance(file, RunFile))
_NAMES = frozenset(file.name for file in RUN_FILES)
MARKS = tuple(file.name for file in RUN_FILES if file.marks)


def _refuse_foreign(path: Path) -> None:
    """Raises UserError if a file of the run is a link, or no file at all: it would be read or written elsewhere."""
    with named_errors(path, "read"), os.scandir(path) as entries:
        for entry in entries:
            if entry.name in FOLDERS and not entry.is_dir(follow_symlinks=False):
                raise UserError(f"{path}/{entry.name}: a folder is expected here, and trainlab does not follow links")
            if entry.name in _NAMES and not entry.is_file(follow_symlinks=False):
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
    if any(os.path.lexists(f"{path}/{name}") for name in MARKS):
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
    make_folder(runs, exist_ok=True)
    pattern = re.compile(re.escape(name) + r"-([0-9]+)")
    with named_errors(runs, "read"):
        matches = [pattern.fullmatch(unicodedata.normalize("NFC", p.name)) for p in runs.iterdir()]
    number = max((int(m[1]) for m in matches if m), default=0) + 1
    while True:
        path = runs / f"{name}-{number}"
        try:
            make_folder(path, exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return path


def _refuse_search(path: Path) -> None:
    """Raises UserError if the folder is that of a sweep, a tune or an ensemble, which holds many networks."""
    if os.path.isdir(path / "trials"):  # which a name that is too long does not raise at
        raise UserError(
            f"{path}: is a sweep, not a run; name one of its runs, such as {path / 'trials' / '0001'}, or open the "
            f'whole sweep in Python with tl.Sweep("{path}")'
        )
    if os.path.isfile(path / _TUNE):
        raise UserError(f'{path}: is a tune, not a run; in Python, tl.Tune("{path}").best_run is its best run')
    if os.path.isfile(path / ENSEMBLE):
        raise UserError(
            f"{path}: is an ensemble, not a run; `trainlab predict`, `evaluate` and `export` take it; "
            "its members are runs"
        )


def make_folder(path: Path, *, exist_ok: bool) -> None:
    """Make a folder. Raises UserError if that is not possible, FileExistsError if it is there and may not be."""
    try:
        path.mkdir(parents=exist_ok, exist_ok=exist_ok)
    except FileExistsError:
        if exist_ok:
            raise UserError(f"{path}: cannot make this folder: a file of that name is in the way") from None
        raise
    except OSError as error:
        elsewhere = "; --runs (in Python runs=) names another one" if error.errno in (EACCES, EPERM, EROFS) else ""
        raise UserError(f"{path}: cannot make this folder: {error.strerror or error}{elsewhere}") from error
