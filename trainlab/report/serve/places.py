"""The run, sweep or tune of an address. Only folders inside the folder of runs are allowed."""

import os
from pathlib import Path
from urllib.parse import quote, unquote

from trainlab.store.folder import is_run
from trainlab.store.reading import is_sweep
from trainlab.store.steps import is_tune


def address(kind: str, name: str) -> str:
    """The path of a page: `/run/digits-1`; every part of the name is quoted.

    >>> address("run", "a sweep-1/trials/0001")
    '/run/a%20sweep-1/trials/0001'
    """
    return f"/{kind}/{quote(name)}"


def run_at(root: Path, quoted: str) -> Path | None:
    """The run folder that a quoted name means, None if there is none inside `root`."""
    path = _inside(root, quoted)
    return path if path and is_run(path) and not is_sweep(path) and _own(root, path) else None


def sweep_at(root: Path, quoted: str) -> Path | None:
    """The folder of the sweep that a quoted name means, None if there is none inside `root`."""
    path = _inside(root, quoted)
    return path if path and is_sweep(path) and _own(root, path) and _own(root, path / "trials") else None


def tune_at(root: Path, quoted: str) -> Path | None:
    """The folder of the tune that a quoted name means, None if there is none inside `root`."""
    path = _inside(root, quoted)
    return path if path and is_tune(path) and _own(root, path) else None


def _inside(root: Path, quoted: str) -> Path | None:
    """The folder of this name below `root`; None if the name, or a link on the way, leads anywhere else."""
    parts = unquote(quoted, errors="surrogateescape").split("/")
    if any(not part or part.startswith(".") or "\\" in part or not part.isprintable() for part in parts):
        return None
    try:
        base, path = root.resolve(strict=True), root.joinpath(*parts)
        return path if path.resolve(strict=True).is_relative_to(base) and path.is_dir() else None
    except (OSError, ValueError, RuntimeError):
        return None


def _own(root: Path, folder: Path) -> bool:
    """Whether none of the folder's files is a link to a place outside."""
    base = root.resolve()
    try:
        with os.scandir(folder) as entries:
            return all(Path(entry.path).resolve().is_relative_to(base) for entry in entries if entry.is_symlink())
    except (OSError, RuntimeError):
        return False
