"""A run's last checkpoint with the rows before it, read and checked as a whole before anything of the run changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.engine.backend import RECORDS
from trainlab.store import checkpoint
from trainlab.store.appending import require_line_end
from trainlab.store.checksums import CHANGED, ROWS, of_file
from trainlab.store.findings import as_lines, read_findings
from trainlab.store.folder import RunFolder
from trainlab.store.forms import require
from trainlab.store.meta import State
from trainlab.store.rows import read_metrics, read_steps
from trainlab.training.session import Ending, TrainingSession


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, what the monitors found at its end and earlier, and all of it in its final order."""

    ending: Ending
    findings: Sequence[Finding] = ()
    earlier: Sequence[Finding] | None = None
    concluded: Sequence[Finding] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            **self.ending._asdict(),
            **{part: [f.as_dict() for f in getattr(self, part)] for part in ("findings", "earlier", "concluded")},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `as_dict` made; a checkpoint of an earlier version has no `earlier`."""
        late, earlier, concluded = (
            [Finding.from_dict(f) for f in data.get(part) or ()] for part in ("findings", "earlier", "concluded")
        )
        return cls(Ending(data["state"], data["reason"]), late, earlier if "earlier" in data else None, concluded)


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that fits its run.

    rows: those of metrics.csv · steps: those of steps.csv, a column for each of RECORDS · findings: those of
    diagnoses.jsonl · best: the best weights, empty if there are none yet.
    """

    meta: Mapping[str, Any]
    arrays: Mapping[str, Array]
    best: dict[str, Array]
    rows: Sequence[Mapping[str, Any]]
    steps: Array
    findings: Sequence[Finding]
    ended: Ended | None

    @classmethod
    def read(cls, folder: RunFolder, session: TrainingSession) -> Self | None:
        """The last checkpoint of a run; None if it has none yet.

        Raises UserError if a file is damaged or too short, or the checkpoint is not one of this network.
        """
        path = folder.checkpoints / "last.safetensors"
        if not path.exists():
            return None
        arrays, meta = checkpoint.load(path)
        require(path, meta, State)
        ended = Ended.from_dict(meta["ended"]) if meta.get("ended") else None
        best = _best(folder, path, meta["leader"], session)
        _require_recent(path, arrays)
        try:
            session.trainer.require(arrays, meta["trainer"], meta["epoch"])
        except LookupError as error:
            raise UserError(f"{path}: {error.args[0]}: it is not a checkpoint of this run") from None
        lengths: Mapping[str, int] = meta["files"]
        metrics, steps = (
            read(file, lengths.get(name, 0))
            for name, file, read in (("metrics", folder.metrics, read_metrics), ("steps", folder.steps, read_steps))
        )
        if missing := {*RECORDS} - steps.keys():
            raise UserError(f"{folder.steps}:1: there is no column `{min(missing)}`")
        require_line_end(folder.layers, lengths.get("layers", 0))
        if "regions" in lengths:
            require_line_end(folder.regions, lengths["regions"])
        rows = [dict(zip(metrics, values, strict=True)) for values in zip(*metrics.values(), strict=True)]
        records = np.array([steps[name] for name in RECORDS], dtype=np.float64).T
        findings = _findings(folder, lengths.get("diagnoses", 0), ended)
        _refuse_changed(folder, meta)
        return cls(meta, arrays, best, rows, records, findings, ended)


def _refuse_changed(folder: RunFolder, meta: Mapping[str, Any]) -> None:
    """Raises UserError if the rows before the checkpoint are not those that were written.

    The findings of a run that has ended are those in its checkpoint: the file may have got its final order since.
    """
    names = ROWS if meta.get("ended") else (*ROWS, "diagnoses")
    for name, checksum in meta.get("checksums", {}).items():
        path: Path = getattr(folder, name) if name in names else folder.path
        if name in names and of_file(path, meta["files"].get(name, 0)) != checksum:
            raise UserError(f"{path}: {CHANGED}, and the run cannot be resumed: restore it, or start a new run")


def _best(folder: RunFolder, last: Path, leader: Mapping[str, Any], session: TrainingSession) -> dict[str, Array]:
    """The best weights, which belong to the best epoch that the last checkpoint names."""
    metric = session.metrics.best.rule.metric
    row: Mapping[str, Any] | None = leader["row"]
    if row is not None and (not isinstance(row.get("epoch"), int) or not isinstance(row.get(metric), int | float)):
        raise UserError(f"{last}: `leader.row` has no epoch, or no {metric}: it is not a checkpoint of this run")
    path = folder.checkpoints / "best.safetensors"
    if not path.exists():
        return {}
    weights = checkpoint.load(path)[0]
    try:
        return {name: checkpoint.fitting(weights, name, own) for name, own in session.setup.net.params.items()}
    except LookupError as error:
        raise UserError(f"{path}: {error.args[0]}: it is not a checkpoint of this run") from None


def _require_recent(path: Path, arrays: Mapping[str, Array]) -> None:
    """Raises UserError unless the last steps are there, a column for each of RECORDS."""
    recent = arrays.get("steps.recent")
    if recent is None or recent.ndim != 2 or recent.shape[1] != len(RECORDS) or recent.dtype != np.float64:
        raise UserError(f"{path}: has no `steps.recent` of {len(RECORDS)} columns: it is not a checkpoint of this run")


def _findings(folder: RunFolder, length: int, ended: Ended | None) -> Sequence[Finding]:
    """The findings before the checkpoint; those of a run that has ended may have got their final order since."""
    if ended is None or ended.earlier is None:
        return [Finding.from_dict(line) for line in read_findings(folder.diagnoses, length)]
    if len(as_lines([f.as_dict() for f in ended.earlier])) != length:
        raise UserError(
            f"{folder.diagnoses}: it is not the file of this checkpoint, whose findings take {length} bytes"
        )
    return ended.earlier
