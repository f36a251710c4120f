"""Checks a whole run folder: that every file can be read, and that the files agree with each other."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.store import checkpoint
from trainlab.store.findings import read_findings
from trainlab.store.folder import RunFolder
from trainlab.store.json_file import read_json
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import read_layers, read_metrics, read_regions, read_steps
from trainlab.store.status import Status, read_status

_NEEDED = ("config.yaml", "status.json", "metrics.csv")


def verify(folder: RunFolder) -> list[str]:
    """What is wrong with a run's files, one sentence each; empty if nothing is.

    Reads every file whole. Checkpoints are compared with their checksums, rows with the status and with each other.
    A run that goes on may be ahead of its status by an epoch.
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
    for path in sorted(folder.checkpoints.glob("*.safetensors")):
        loaded = _read(path, checkpoint.load, found)
        epoch: Any = loaded[1].get("epoch") if loaded else None
        if status is not None and isinstance(epoch, int) and epoch > status.epoch and status.state != "running":
            found.append(f"{path}: is of epoch {epoch}, but status.json says that the run came to {status.epoch}")
    return found


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
