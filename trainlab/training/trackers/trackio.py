"""Trackio: runs in a local database, or on a Hugging Face Space."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.dotted import flat
from trainlab.diagnose.finding import Finding
from trainlab.training.tracker import TrackedRun, Tracker, TrackerRun, has_already

_LEVELS = {"info": "INFO", "warning": "WARN", "error": "ERROR"}


class Trackio(Tracker, name="trackio"):
    """Metrics, histograms, config, alerts and the model in Trackio; `trackio show` shows them.

    Findings are its alerts. Without `space` it writes to a database on this machine, in the folder TRACKIO_DIR if that
    is set, and sends nothing. Its measurements of the machine are turned off. Needs Trackio: pip install
    'trainlab[trackio]'.

    Source: the Python interface of Trackio, `trackio.init`.
    """

    extra: ClassVar[str] = "trackio"
    package: ClassVar[str] = "trackio"

    project: str = setting("trainlab", "the project in which runs are logged")
    space: str | None = setting(None, "the Hugging Face Space to send runs to, e.g. me/trackio")

    def open(self, run: TrackedRun) -> TrackerRun:
        """A run whose name ends in our id, by which a later session finds it again."""
        trackio: Any = import_module("trackio")
        name = f"{run.name}-{run.id[:6]}"
        if run.going_on is None and name in _runs(trackio, self.project):
            raise has_already(f"Trackio, project {self.project}, run {name}")
        return _TrackioRun(trackio, self, run, name)


def _runs(trackio: Any, project: str) -> list[str]:
    """The names of a project's runs on this machine."""
    try:
        return [run.name for run in trackio.Api().runs(project)]
    except ValueError:  # there is no such project yet
        return []


class _TrackioRun(TrackerRun):
    def __init__(self, trackio: Any, tracker: Trackio, run: TrackedRun, name: str) -> None:
        self._trackio, self._tracked = trackio, run
        self.where = f"Trackio, project {tracker.project}, run {name}"
        self._run = trackio.init(
            tracker.project,
            name=name,
            group=run.group or None,
            space_id=tracker.space,
            config=flat(dict(run.config)),
            resume="allow" if run.going_on is not None else "never",
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
        self._step = run.going_on or 0

    def scalars(self, step: int, values: Mapping[str, float], time: float) -> None:
        self._step = step
        self._run.log(dict(values), step=step)

    def histogram(self, step: int, name: str, shares: Sequence[float], edges: Sequence[float], time: float) -> None:
        made = self._trackio.Histogram(np_histogram=(list(shares), list(edges)))
        self._run.log({name: made}, step=step)

    def finding(self, finding: Finding, text: str) -> None:
        level = self._trackio.AlertLevel[_LEVELS[finding.severity]]
        self._run.alert(finding.code, text, level, step=finding.step)

    def finish(self, state: str, scores: Mapping[str, float], tags: Mapping[str, str], text: str) -> None:
        told = {"findings": self._trackio.Markdown(text or "none")}
        self._run.log({**scores, **tags, **told}, step=self._step)
        files = self._tracked.model_files()
        if files:
            model = self._trackio.Artifact(f"model-{self._tracked.id}", type="model")
            for name in files:
                model.add_file(str(self._tracked.folder / name), name=name)
            self._run.log_artifact(model)
        self._trackio.finish()  # `self._run.finish()` leaves it open for the module, which ends it again at exit

    def flush(self) -> None:
        pass  # its own process or thread writes what it is given
