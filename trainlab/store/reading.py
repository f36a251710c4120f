"""Reads run folders in any state. Problems of a folder are stored in its record and not raised."""

import math
import os
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar, cast

from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.store import forms
from trainlab.store.checksums import CHANGED, FILES, changed, sign_fits
from trainlab.store.findings import read_findings
from trainlab.store.folder import RunFolder, is_run
from trainlab.store.index import Index, Stamp, stamp_of
from trainlab.store.json_file import read_json
from trainlab.store.opening import read_own
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import last_row, read_layers, read_metrics, read_regions, read_steps
from trainlab.store.status import Status, altered, read_status, seen_state
from trainlab.store.steps import CONFIRM, is_tune
from trainlab.store.writing import named_errors

T = TypeVar("T")
_ENDED = ("finished", "diverged", "interrupted", "failed")  # states that do not change unless a file changes
_OWN = ("path", "name", "_index", "_problems", "_changed")


class RunRecord:
    """One run, from its folder. Each file is read on first use; `remarks` name those that are damaged or were changed.

    With an index, what that keeps of the run is not read again.
    """

    def __init__(self, path: Path, name: str, index: Index | None = None) -> None:
        self.path, self.name = path, name
        self._index = index
        self._problems: list[str] = []
        self._changed: list[str] = []  # names of files

    @property
    def folder(self) -> RunFolder:
        """The run folder, with the paths of its files."""
        return RunFolder(self.path)

    @property
    def problem(self) -> str:
        """The problems of the files read so far; empty if there are none."""
        return "; ".join(dict.fromkeys([*self._problems, *(f"{name} {CHANGED}" for name in self._changed)]))

    @property
    def remarks(self) -> list[str]:
        """`problem` for people: a sentence on the files that could not be read, and one on those that were changed."""
        lost = "; ".join(dict.fromkeys(self._problems))
        other = ", ".join(dict.fromkeys([*self._changed, *altered(self.path, *FILES)]))
        found = [f"Could not be read: {lost}"] if lost else []
        return [*found, f"Changed after the run had written them: {other}"] if other else found

    @cached_property
    def status(self) -> Status | None:
        """status.json, None if it is missing or damaged."""
        return self._read(self.folder.status, read_status, None)

    @cached_property
    def state(self) -> str:
        """A state of `store.status`, or `killed`; `half-written` without a status, `unreadable` with a damaged one."""
        if self.status is not None:
            return seen_state(self.status)
        return "unreadable" if self.folder.status.exists() else "half-written"

    @cached_property
    def last(self) -> dict[str, Any]:
        """The last row of metrics.csv by column, empty if there is none."""
        return self._read(self.folder.metrics, last_row, {}, needed=self._ended_well)

    @cached_property
    def metrics(self) -> dict[str, list[Any]]:
        """The columns of metrics.csv, empty if there are none."""
        return self._read(self.folder.metrics, read_metrics, {}, needed=self._ended_well)

    @cached_property
    def scores(self) -> dict[str, tuple[float | None, int | None, float | None]]:
        """For each column of metrics.csv: the best value, its epoch, and the last value.

        Epoch 0, the untrained network, counts only if there is no other value.
        """
        if kept := self.recall("scores"):
            return {name: (best, epoch, last) for name, (best, epoch, last) in kept.items()}
        found = {
            name: (*_best(self.metrics, name, lower=self.falls(name)), _number(values))
            for name, values in self.metrics.items()
        }
        self.retain("scores", found)
        return found

    def falls(self, column: str) -> bool:
        """Whether less of a column is better: as the run itself says, otherwise by its name."""
        known = self.data.get("lower_is_better")
        value = cast("dict[str, Any]", known).get(column) if isinstance(known, dict) else None
        return value if isinstance(value, bool) else lower_is_better(column)

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """The findings of diagnoses.jsonl in their order."""
        return self._read(self.folder.diagnoses, read_findings, [], needed=False)

    @cached_property
    def codes(self) -> list[tuple[str, str]]:
        """The code and severity of each finding, each pair once."""
        return list(dict.fromkeys((str(f.get("code")), str(f.get("severity"))) for f in self.findings))

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved config as plain data, empty if it is missing or damaged."""
        if kept := self.recall("config"):
            return kept
        found: dict[str, Any] = self._read(self.folder.config, read_config, {})
        self.retain("config", found)
        return found

    def recall(self, part: str) -> Any:
        """The run's entry of this name in the index, see `retain`; None if there is none."""
        return None if self._index is None else self._index.get(self.path, part, self._stamp)

    def retain(self, part: str, facts: Any) -> None:
        """Stores plain data from the run's files in the index; it must depend on these files only."""
        whole = not self._problems and not self._changed
        if self._index is not None and facts and whole and self.state in _ENDED:
            self._index.put(self.path, part, self._stamp, facts)

    def forget(self) -> None:
        """Releases all data; they are read again when needed. So many records need little memory."""
        for name in [name for name in self.__dict__ if name not in _OWN]:
            del self.__dict__[name]

    @cached_property
    def _stamp(self) -> Stamp:
        return stamp_of(self.path)

    @cached_property
    def steps(self) -> dict[str, list[Any]]:
        """The columns of steps.csv, empty if there are none."""
        return self._read(self.folder.steps, read_steps, {}, needed=False)

    @cached_property
    def layers(self) -> dict[str, list[Any]]:
        """The columns of layers.csv, empty if there are none."""
        return self._read(self.folder.layers, read_layers, {}, needed=False)

    @cached_property
    def regions(self) -> dict[str, list[Any]]:
        """The columns of regions.csv, empty if there are none."""
        return self._read(self.folder.regions, read_regions, {}, needed=False)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """environment.json, empty if it is missing or damaged."""
        return self._read(self.folder.environment, partial(read_json, form=forms.Environment), {}, needed=False)

    @cached_property
    def network(self) -> dict[str, Any]:
        """network.json: the layers with their shapes, parameters and multiply-adds; empty if there is none."""
        return self._read(self.folder.network, partial(read_json, form=forms.Network), {}, needed=False)

    @cached_property
    def data(self) -> dict[str, Any]:
        """data.json: facts about the rows and the score at chance level; empty if there is none."""
        return self._read(self.folder.data, partial(read_json, form=forms.Data), {}, needed=False)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """defaults.json: the default of each setting that the run has changed; empty if there is none."""
        return self._read(self.folder.defaults, read_json, {}, needed=False)

    @cached_property
    def mistakes(self) -> dict[str, Any]:
        """mistakes.json: confusion matrix and worst errors of the best checkpoint; empty if there is none."""
        return self._read(self.folder.mistakes, partial(read_json, form=forms.Mistakes), {}, needed=False)

    @cached_property
    def decision(self) -> dict[str, Any]:
        """decision.json: temperature and threshold of the best checkpoint; empty if there is none."""
        return self._read(self.folder.decision, read_json, {}, needed=False)

    @property
    def _ended_well(self) -> bool:
        return self.status is not None and self.status.state == "finished"

    def _read(self, path: Path, read: Callable[[Path], T], default: T, *, needed: bool = True) -> T:
        _ = self._index and self._stamp  # taken before reading: a file that changes meanwhile is not stored
        try:
            found = read(path)
            if self._is_changed(path):
                self._changed.append(path.name)
            return found
        except UserError as error:
            if path.exists():
                self._problems.append(str(error).replace(f"{self.path}/", ""))
            elif needed:
                self._problems.append(f"no {path.name}")
            return default

    def _is_changed(self, path: Path) -> bool:
        """Whether a file that could be read is not the one that was written."""
        if path == self.folder.status:
            with named_errors(path, "read"):
                return not sign_fits(read_own(path))
        return self.status is not None and changed(path, self.status.files)


def read_run(path: Path, name: str = "") -> RunRecord:
    """The record of a run folder, its status, last metrics and findings read; `name`: its name in lists."""
    record = RunRecord(path, name or path.resolve().name)
    _ = record.state, record.last, record.findings
    return record


def find_runs(folder: Path) -> list[Path]:
    """The run folders in a folder of runs, of a sweep or of a tune, with those of the sweeps and tunes in it; other
    folders are left out.

    Raises UserError if the folder does not exist or cannot be read.
    """
    found: list[Path] = []
    for path in _inside(folder):
        if is_sweep(path):
            found += _trials(path / "trials")
        elif (path.name == "trials" and is_sweep(folder)) or (path.name == CONFIRM and is_tune(folder)):
            found += _trials(path)
        elif is_tune(path):
            found += _of_tune(path)
        elif is_run(path):
            found.append(path)
    return found


def _of_tune(folder: Path) -> list[Path]:
    """The run folders of a tune: the trials of its sweeps, and the runs that confirm the best."""
    found: list[Path] = []
    for path in _inside(folder, links=False):
        if is_sweep(path):
            found += _trials(path / "trials")
        elif path.name == CONFIRM:
            found += _trials(path)
    return found


def _trials(folder: Path) -> list[Path]:
    """The run folders of a sweep's trials; a trial of several runs holds a folder for each."""
    found: list[Path] = []
    for trial in _inside(folder, links=False):
        found += [trial] if is_run(trial) else [run for run in _inside(trial, links=False) if is_run(run)]
    return found


def is_sweep(path: Path) -> bool:
    """Whether a folder holds a sweep: a folder `trials` and sweep.yaml or trials.csv."""
    trials = f"{path}/trials"
    return (
        os.path.isdir(trials)
        and not os.path.islink(trials)
        and ((path / "sweep.yaml").exists() or (path / "trials.csv").exists())
    )


def _inside(folder: Path, *, links: bool = True) -> list[Path]:
    """The folders in a folder, those that links lead to among them if `links`."""
    with named_errors(folder, "read"), os.scandir(folder) as entries:
        names = [
            entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=links)
        ]
    return sorted((folder / name for name in names), key=_natural)


def _natural(path: Path) -> tuple[str, int, str]:
    """Sorts `a-2` before `a-10`."""
    head, dash, tail = path.name.rpartition("-")
    return (head, int(tail), "") if dash and tail.isdecimal() and len(tail) < 20 else (path.name, -1, path.name)


def _best(metrics: dict[str, list[Any]], name: str, *, lower: bool) -> tuple[float | None, int | None]:
    """The best number of a column and its epoch; a nan is never the best."""
    pairs = zip(metrics[name], metrics.get("epoch", []), strict=False)
    values = [(v, e) for v, e in pairs if isinstance(v, int | float) and not math.isnan(v)]
    values = [pair for pair in values if pair[1]] or values
    if not values:
        return None, None
    value, epoch = (min if lower else max)(values, key=lambda pair: pair[0])
    return float(value), epoch


def _number(values: list[Any]) -> float | None:
    """The last value if it is a number."""
    return float(values[-1]) if values and isinstance(values[-1], int | float) else None
