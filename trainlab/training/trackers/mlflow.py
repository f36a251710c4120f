"""MLflow: runs in a database of its own, or on a tracking server."""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from fcntl import LOCK_EX, flock
from hashlib import sha256
from importlib import import_module
from math import isfinite
from pathlib import Path
from tempfile import gettempdir
from time import time as now
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.dotted import flat
from trainlab.diagnose.finding import Finding
from trainlab.training.tracker import TrackedRun, Tracker, TrackerRun, has_already

_ID = "trainlab.id"
_ENDS = {"finished": "FINISHED", "interrupted": "KILLED"}  # other states are FAILED
_MOST_METRICS, _MOST_PARAMS, _LONGEST = 1000, 100, 6000  # of one request; characters of a parameter
_LONGEST_NOTE = 5000  # characters of a tag


class MLflow(Tracker, name="mlflow"):
    """Metrics, parameters, tags and the model's files in MLflow; `mlflow ui` shows them.

    Without `uri` it is MLflow's own choice: MLFLOW_TRACKING_URI, else `mlflow.db` in the current folder. MLflow has no
    histograms: they are in its artifact `layers.csv`. The artifact folder `model` is a run folder that `trainlab
    predict` reads. MLflow's own usage statistics are turned off. Needs MLflow: pip install 'trainlab[mlflow]'.

    Source: the tracking interface of MLflow 3, `MlflowClient`.
    """

    extra: ClassVar[str] = "mlflow"
    package: ClassVar[str] = "mlflow"

    uri: str | None = setting(None, "the database or server, e.g. sqlite:///mlflow.db or http://host:5000")
    experiment: str = setting("trainlab", "the experiment in which runs are logged")

    def open(self, run: TrackedRun) -> TrackerRun:
        """A run with our id as a tag, by which a later session finds it again."""
        for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
            os.environ.setdefault(name, "true")
        mlflow: Any = import_module("mlflow")
        for name in ("mlflow", "alembic"):  # they report each migration of a new database
            logging.getLogger(name).setLevel(logging.WARNING)
        client, experiment = _opened(mlflow, self.uri or mlflow.get_tracking_uri(), self.experiment)
        there = client.search_runs([experiment], f"tags.`{_ID}` = '{run.id}'")
        where = f"{client.tracking_uri}, experiment {self.experiment}"
        if there and run.going_on is None:
            raise has_already(f"{where}, run {there[0].info.run_id}")
        if there:
            return _MLflowRun(mlflow, client, run, there[0].info.run_id, where)
        tags = {_ID: run.id, "mlflow.source.name": "trainlab"}
        made = client.create_run(experiment, run_name=run.name, tags=tags)
        return _MLflowRun(mlflow, client, run, made.info.run_id, where)


def _opened(mlflow: Any, uri: str, name: str) -> tuple[Any, str]:
    """A client of this database or server, and the id of its experiment of this name.

    One process at a time: MLflow makes the tables of a new SQLite database in many steps, which the trials of a sweep
    would mix, and all of them would make the experiment.
    """
    key = sha256(f"{uri} {Path.cwd()}".encode()).hexdigest()[:16]
    with (Path(gettempdir()) / f"trainlab-mlflow-{key}.lock").open("w") as alone:
        flock(alone, LOCK_EX)  # until the file is closed
        client = mlflow.MlflowClient(uri)
        found = client.get_experiment_by_name(name)
        return client, found.experiment_id if found else client.create_experiment(name)


class _MLflowRun(TrackerRun):
    def __init__(self, mlflow: Any, client: Any, run: TrackedRun, run_id: str, where: str) -> None:
        self._entities, self._client, self._run, self._id = mlflow.entities, client, run, run_id
        self.where = f"{where}, run {run_id}"
        self._metrics: list[Any] = []
        self._step = 0
        self._known: dict[str, int] = {}  # the last step of each metric that an earlier session logged
        if run.going_on is None:
            self._log_config()
        else:
            client.update_run(run_id, status="RUNNING")

    def scalars(self, step: int, values: Mapping[str, float], time: float) -> None:
        self._step = max(self._step, step)
        for name, value in values.items():
            key = _allowed(name)
            if isfinite(value) and step > self._last(key):  # its SQLite store keeps a nan as 0
                self._metrics.append(self._entities.Metric(key, value, int(time * 1000), step))
        if len(self._metrics) >= _MOST_METRICS:
            self.flush()

    def histogram(self, step: int, name: str, shares: Sequence[float], edges: Sequence[float], time: float) -> None:
        pass

    def finding(self, finding: Finding, text: str) -> None:
        self._client.set_tag(self._id, f"finding.{finding.code}", finding.severity)

    def finish(self, state: str, scores: Mapping[str, float], tags: Mapping[str, str], text: str) -> None:
        self.scalars(self._step, scores, now())
        self.flush()
        note = {"mlflow.note.content": text[:_LONGEST_NOTE]} if text else {}
        entity = self._entities.RunTag
        self._client.log_batch(self._id, tags=[entity(k, v) for k, v in {**tags, **note}.items()])
        self._client.log_text(self._id, text or "none", "findings.md")
        folder = self._run.folder
        for name in self._run.model_files():
            inner = name.rpartition("/")[0]
            self._client.log_artifact(self._id, str(folder / name), f"model/{inner}".rstrip("/"))
        if (folder / "layers.csv").is_file():
            self._client.log_artifact(self._id, str(folder / "layers.csv"))
        self._client.set_terminated(self._id, _ENDS.get(state, "FAILED"))

    def flush(self) -> None:
        for i in range(0, len(self._metrics), _MOST_METRICS):
            self._client.log_batch(self._id, metrics=self._metrics[i : i + _MOST_METRICS])
        self._metrics = []

    def _log_config(self) -> None:
        param = self._entities.Param
        params = [param(_allowed(k), str(v)[:_LONGEST]) for k, v in flat(dict(self._run.config)).items()]
        for i in range(0, len(params), _MOST_PARAMS):
            self._client.log_batch(self._id, params=params[i : i + _MOST_PARAMS])

    def _last(self, key: str) -> int:
        if self._run.going_on is None:
            return -1
        if key not in self._known:
            past = self._client.get_metric_history(self._id, key)
            self._known[key] = max((metric.step for metric in past), default=-1)
        return self._known[key]


def _allowed(name: str) -> str:
    """A name in the letters that MLflow takes.

    >>> _allowed("layer/1 (ReLU)/std")
    'layer/1 _ReLU_/std'
    """
    return re.sub(r"[^\w\-. /]", "_", name)[:250]
