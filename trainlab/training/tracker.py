"""A tracker keeps runs of many programs in one place: TensorBoard, MLflow, Weights & Biases, Trackio.

To add one, write one class in one file of `trainlab/training/trackers`: its settings, and `open`, which gives a
`TrackerRun`. `tracking.py` decides what is logged and when; a `TrackerRun` only passes it on.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self

from trainlab.core.component import Component, setting
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.store.folder import RunFolder
from trainlab.store.plain_yaml import read_config
from trainlab.store.status import read_status
from trainlab.store.steps import is_tune

# of a run folder, what `trainlab predict` and `trainlab report` need of it elsewhere
_SMALL_FILES = ("config.yaml", "environment.json", "status.json", "data.json", "decision.json", "network.json")
MODEL_FILES = (*_SMALL_FILES, "diagnoses.jsonl", "metrics.csv", "checkpoints/best.safetensors")


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """What a tracker is told of a run before its first number.

    name: of the run, for a trial `SWEEP/TRIAL` · id: the same for every session of the run and for no other run, 16
    hexadecimal digits · group: the sweep or the tune, or empty · home: the folder of the runs · config: the resolved
    config · going_on: steps that an earlier session has done; None for a new run.
    """

    name: str
    id: str
    group: str
    home: Path
    folder: Path
    config: Mapping[str, Any]
    going_on: int | None = None

    @classmethod
    def of(cls, path: Path, going_on: int | None = None) -> Self:
        """The run in a folder. Raises UserError if its config or status cannot be read."""
        folder = RunFolder(path.resolve())
        search = _search_of(folder.path)
        home = (search or folder.path).parent
        name = "/".join(part for part in folder.path.relative_to(home).parts if part != "trials")
        key = sha256(f"{name} {read_status(folder.status).started}".encode()).hexdigest()[:16]
        group = search.name if search else ""
        return cls(name, key, group, home, folder.path, read_config(folder.config), going_on)

    def model_files(self) -> Sequence[str]:
        """The files that make up the model, by their paths in the folder; the checkpoint comes last."""
        return [name for name in MODEL_FILES if (self.folder / name).is_file()]


def _search_of(run: Path) -> Path | None:
    """The folder of the tune or the sweep that a run is part of."""
    above = run.parents[:4]  # TUNE/SWEEP/trials/TRIAL/FOLD
    tune = next((path for path in above if is_tune(path)), None)
    return tune or next((path.parent for path in above if path.name == "trials"), None)


class TrackerRun(ABC):
    """One run in a tracker, open for logging. Methods may raise anything; `tracking.py` deals with it."""

    where: str = ""  # for the user: where the run can be seen

    @abstractmethod
    def scalars(self, step: int, values: Mapping[str, float], time: float) -> None:
        """Numbers after a step. time: in seconds since 1970."""

    @abstractmethod
    def histogram(self, step: int, name: str, shares: Sequence[float], edges: Sequence[float], time: float) -> None:
        """The distribution of a layer's outputs after a step: the share in each bin, and the edges of the bins."""

    @abstractmethod
    def finding(self, finding: Finding, text: str) -> None:
        """A finding, when it is made. text: in Markdown."""

    @abstractmethod
    def finish(self, state: str, scores: Mapping[str, float], tags: Mapping[str, str], text: str) -> None:
        """The run is over; nothing is logged after this.

        state: finished, diverged, interrupted or failed · scores: the best epoch and the test scores · tags: state,
        sweep, and the severity of each finding by `finding.CODE` · text: all findings, in Markdown.
        """

    @abstractmethod
    def flush(self) -> None:
        """Called after each epoch: what was logged may not be lost from here on."""


class Tracker(Component, kind="tracker", rooms=("trainlab.training.trackers",)):
    """A program that keeps and shows runs."""

    extra: ClassVar[str] = ""  # of trainlab, which installs it; none for a plugin
    package: ClassVar[str] = ""  # the module that must be importable, if there is one

    every: int = setting(10, "steps between two logged steps; inspections, epochs and findings are all logged", ge=1)

    def missing(self) -> str:
        """Why the tracker cannot be used, and how to install it; empty if it can."""
        if not self.package or find_spec(self.package) is not None:
            return ""
        wanted = f"'trainlab[{self.extra}]'" if self.extra else self.package
        return f"the tracker {self.name} needs the package {self.package}: pip install {wanted}"

    def require(self) -> None:
        """Raises UserError if the tracker is not installed."""
        if text := self.missing():
            raise UserError(text)

    @abstractmethod
    def open(self, run: TrackedRun) -> TrackerRun:
        """Begin a run in the tracker, or go on with it where an earlier session logged.

        Raises UserError if the run is new here and the tracker has it already.
        """


def has_already(where: str) -> UserError:
    """The error for a run that a tracker has already."""
    return UserError(f"this run is there already: {where}; delete it there first")
