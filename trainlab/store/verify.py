"""Checks a whole run folder: that every file can be read, and that the files agree with each other."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.store import checkpoint
from trainlab.store.checksums import CHANGED, FILES, ROWS, of_file, sign_fits
from trainlab.store.findings import read_findings
from trainlab.store.folder import RUN_FILES, RunFolder
from trainlab.store.forms import problem
from trainlab.store.json_file import read_json
from trainlab.store.meta import State
from trainlab.store.opening import read_own
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import read_layers, read_metrics, read_regions, read_steps
from trainlab.store.status import Status, altered, read_status
from trainlab.store.writing import named_errors

_NEEDED = [file.name for file in RUN_FILES if file.needed]


def verify(folder: RunFolder) -> list[str]:
    """What is wrong with a run's files, one sentence each; empty if nothing is.

    Reads every file whole. Files and checkpoints are compared with their checksums, rows with the status and with each
    other. A run that goes on may be ahead of its status by an epoch.
    """
    found: list[str] = []
    status: Status | None = _read(folder.status, read_status, found)
    metrics: dict[str, list[Any]] = _read(folder.metrics, read_metrics, found) or {}
    steps: dict[str, list[Any]] = _read(folder.steps, read_steps, found) or {}
    for path, read in (
        (folder.config, read_config),
        (folder.layers, read_layers),
        (folder.regions, read_regions),
        (folder.diagnoses, read_findings),
        *((path, read_json) for path in sorted(folder.path.glob("*.json")) if path != folder.status),
    ):
        _read(path, read, found)
    found += _order(folder.metrics, metrics.get("epoch", []))
    found += _order(folder.steps, steps.get("step", []))
    if status is not None and metrics.get("epoch") and status.state != "running":
        last: Any = metrics["epoch"][-1]
        if isinstance(last, int) and last != status.epoch:
            found.append(f"{folder.metrics}: the last row is epoch {last}, but status.json says {status.epoch}")
    known = "".join(found)  # what is damaged was changed, too
    found += [sentence for sentence in _changed(folder, status) if sentence.partition(": ")[0] not in known]
    for path in sorted(folder.checkpoints.glob("*.safetensors")):
        loaded = _read(path, checkpoint.load, found)
        epoch: Any = loaded[1].get("epoch") if loaded else None
        if status is not None and isinstance(epoch, int) and epoch > status.epoch and status.state != "running":
            found.append(f"{path}: is of epoch {epoch}, but status.json says that the run came to {status.epoch}")
        if path.name == "last.safetensors" and loaded:
            found += _rows_changed(folder, loaded[1])
    return list(dict.fromkeys(found))


def has_checksums(folder: RunFolder) -> bool:
    """Whether the status of a run lists checksums; those of older versions do not."""
    try:
        return bool(read_status(folder.status).files)
    except UserError:
        return False


def _changed(folder: RunFolder, status: Status | None) -> list[str]:
    """A sentence for each file that is not the one that the status lists, and for a status that was changed itself."""
    if status is None:
        return []
    with named_errors(folder.status, "read"):
        found = [] if sign_fits(read_own(folder.status)) else [f"{folder.status}: {CHANGED}"]
    names = [name for name in FILES if name in status.files]  # no other name of a stranger's is opened
    missing = [name for name in names if name not in _NEEDED and not (folder.path / name).exists()]
    found += [f"{folder.path / name}: is missing" for name in missing]
    return [*found, *(f"{folder.path / name}: {CHANGED}" for name in altered(folder.path, *names))]


def _rows_changed(folder: RunFolder, meta: Mapping[str, Any]) -> list[str]:
    """A sentence for each file of rows that does not begin with those before the last checkpoint."""
    if problem(meta, State):
        return []
    listed: dict[str, int] = meta.get("checksums", {})
    lengths: dict[str, int] = meta["files"]
    files: dict[str, Path] = {name: getattr(folder, name) for name in ROWS if name in listed}
    return [
        f"{path}: {CHANGED}"
        for name, path in files.items()
        if path.is_file() and of_file(path, lengths.get(name, 0)) != listed[name]
    ]


def _read(path: Path, read: Callable[[Path], Any], found: list[str]) -> Any:
    """The content of a file, None if there is none or it cannot be read; then `found` says why."""
    if not path.exists() and not path.is_symlink():
        if path.name in _NEEDED:
            found.append(f"{path}: is missing")
        return None
    try:
        return read(path)
    except UserError as error:
        found.append(str(error))
        return None


def _order(path: Path, numbers: Sequence[Any]) -> list[str]:
    """A sentence where the rows of epochs or steps are not in their order."""
    for row, (before, after) in enumerate(pairwise(numbers), start=3):
        if not (isinstance(before, int) and isinstance(after, int) and before < after):
            return [f"{path}:{row}: {after} follows {before}; rows are in ascending order"]
    return []
