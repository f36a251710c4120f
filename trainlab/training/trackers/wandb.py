"""Weights & Biases: runs in files that `wandb sync` sends, or on its server."""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, Literal

from trainlab.core.component import setting
from trainlab.diagnose.finding import Finding
from trainlab.training.tracker import TrackedRun, Tracker, TrackerRun, has_already


class WandB(Tracker, name="wandb"):
    """Metrics, histograms, config, tags and the model in Weights & Biases.

    `offline`, the default, writes into `wandb` in the folder of the runs and sends nothing; `wandb sync FOLDER` sends
    it later, `--append` where a run was resumed. Its error reports and system metrics are turned off. Needs wandb: pip
    install 'trainlab[wandb]'.

    Source: the Python interface of wandb, `wandb.init`.
    """

    extra: ClassVar[str] = "wandb"
    package: ClassVar[str] = "wandb"

    project: str = setting("trainlab", "the project in which runs are logged")
    entity: str | None = setting(None, "the user or team on the server")
    mode: Literal["offline", "online"] = setting("offline", "write files only, or send them to the server")

    def open(self, run: TrackedRun) -> TrackerRun:
        """A run with our id; the server appends a later session to it, and refuses a new run that it has."""
        there = sorted((run.home / "wandb").glob(f"offline-run-*-{run.id}*"))
        if self.mode == "offline" and run.going_on is None and there:
            raise has_already(str(there[0]))
        return _WandBRun(self, run)


class _WandBRun(TrackerRun):
    def __init__(self, tracker: WandB, run: TrackedRun) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # else offline, too, it reports to its maker
        self._wandb: Any = import_module("wandb")
        self._tracked = run
        settings = self._wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            save_code=False,
            x_disable_stats=True,
            x_disable_machine_info=True,
        )
        online = tracker.mode == "online"
        self._run = self._wandb.init(
            project=tracker.project,
            entity=tracker.entity,
            id=run.id,
            name=run.name,
            group=run.group or None,
            dir=str(run.home),
            config=dict(run.config),
            mode=tracker.mode,
            resume=("allow" if run.going_on is not None else "never") if online else None,
            reinit="create_new",
            settings=settings,
        )
        self.where = self._run.url if online else self._run.dir.removesuffix("/files")
        self._step = 0

    def scalars(self, step: int, values: Mapping[str, float], time: float) -> None:
        self._step = step
        self._run.log(dict(values), step=step)

    def histogram(self, step: int, name: str, shares: Sequence[float], edges: Sequence[float], time: float) -> None:
        self._run.log({name: self._wandb.Histogram(np_histogram=(list(shares), list(edges)))}, step=step)

    def finding(self, finding: Finding, text: str) -> None:
        self._run.tags = (*(self._run.tags or ()), finding.code)

    def finish(self, state: str, scores: Mapping[str, float], tags: Mapping[str, str], text: str) -> None:
        codes = [name.removeprefix("finding.") for name in tags if name.startswith("finding.")]
        self._run.tags = tuple(dict.fromkeys([state, *codes]))  # a run that diverged has a finding of that name
        self._run.notes = text
        self._run.summary.update({**scores, **tags, "findings": text})
        model = self._wandb.Artifact(f"model-{self._tracked.id}", type="model")
        files = self._tracked.model_files()
        for name in files:
            model.add_file(str(self._tracked.folder / name), name)
        if files:
            self._run.log_artifact(model)
        self._run.finish(exit_code=int(state not in ("finished", "interrupted")))

    def flush(self) -> None:
        pass  # its own process or thread writes what it is given
