"""Fills in what the chosen model suggests once the task and the number of rows are known (`Model.suited`)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from trainlab.core import config
from trainlab.core.config import Document
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.data.prepare import prepare
from trainlab.training.best import decide
from trainlab.training.experiment import Experiment

E = TypeVar("E", bound=Experiment)


def completed(document: Document[E], task: Task, rows: int, metric: str) -> Document[E]:
    """The experiment with the model's suggestions for settings that the config does not have.

    rows: of the training split · metric: the one that decides. A run's own config has everything, so that it stays as
    it is. Raises ConfigError if what the config says does not go with a suggestion.
    """
    suggested = document.value.model.suited(task, rows, metric)
    lacking = {path: value for path, value in suggested.items() if not _has(document.raw, path)}
    if not lacking:
        return document
    made = config.amended(document, lacking)
    model = made.value.model.model_copy(update={"source": document.value.model.source})  # it may be located by now
    return replace(made, value=made.value.model_copy(update={"name": document.value.name, "model": model}))


def completed_by_data(document: Document[E]) -> Document[E]:
    """The same, for a config whose data have not been read yet: they are read if something is lacking."""
    experiment = document.value
    asked = experiment.model.suited(Task("classification", 2), 1, "")
    if all(_has(document.raw, path) for path in asked):
        return document
    parts = prepare(experiment.data, streams=Streams(experiment.seed), dtype=experiment.train.arrays)
    return completed(document, parts.task, len(parts.train), decide(experiment, parts, []).metric)


def _has(raw: Any, path: str) -> bool:
    """Whether plain data holds a value at this dotted path."""
    for key in path.split("."):
        if not isinstance(raw, Mapping) or key not in raw:
            return False
        raw = cast("Mapping[str, Any]", raw)[key]
    return True
