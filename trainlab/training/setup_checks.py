"""Problems of a config that show only when its layers and its task are known: settings that do not fit them."""

from collections.abc import Sequence

import numpy as np

from trainlab.core.config import Document
from trainlab.core.errors import ShapeError, UserError
from trainlab.core.problem import Problem
from trainlab.core.types import Shape, Task
from trainlab.engine.graph import Node
from trainlab.nn.layers.clip_output import ClipOutput
from trainlab.nn.layers.drop_connect import DropConnect
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.loss import Loss
from trainlab.nn.metric import Metric
from trainlab.store.columns import metric_columns
from trainlab.training.best import measured_columns, unmeasured, watched
from trainlab.training.experiment import Experiment


def schedule_problems(document: Document[Experiment], nodes: Sequence[Node]) -> list[Problem]:
    """A schedule of dropout or of weight decay needs what it changes; evaluation knows no schedule."""
    settings, problems = document.value.regularization, list[Problem]()
    layers = [node.layer for top in nodes for node in top.walk()]
    if settings.dropout_schedule is not None:
        path = ("regularization", "dropout_schedule")
        if not any(isinstance(layer, Dropout | DropConnect) for layer in layers):
            problems.append(document.problem(path, "the model has no dropout, whose rate could change"))
        if any(isinstance(layer, Dropout) and layer.mode == "vanilla" for layer in layers):
            message = "dropout with `mode: vanilla` multiplies by 1 - drop in evaluation, which knows no schedule"
            problems.append(document.problem(path, f"{message}; use `mode: inverted`"))
    optimizer = document.value.optimizer
    if settings.weight_decay_schedule is not None and not hasattr(optimizer, "weight_decay"):
        message = f"`{optimizer.name}` has no weight decay; use `adamw` or `muon`"
        problems.append(document.problem(("regularization", "weight_decay_schedule"), message))
    return problems


def clip_problems(document: Document[Experiment], nodes: Sequence[Node], loss: Loss, task: Task) -> list[Problem]:
    """Outputs can be clipped to the range of the targets only where they are numbers like them."""
    clips = [node for top in nodes for node in top.walk() if isinstance(node.layer, ClipOutput)]
    if not clips:
        return []
    message = ""
    if task.kind != "regression" or loss.units(task) != task.outputs:
        message = f"clip_output is for outputs that are the targets' numbers, which those of {loss.name} are not here"
    elif not np.array_equal(loss.predict(-np.ones((1, task.outputs)), task), -np.ones((1, task.outputs))):
        message = f"{loss.name} turns the outputs into other numbers, so they cannot be clipped to the targets' range"
    elif clips != [nodes[-1]]:
        message = "clip_output belongs at the end of the network, once"
    path = ("model", "clip_output") if document.value.model.clip_output else ("model",)
    return [document.problem(path, message)] if message else []


def frozen_problems(document: Document[Experiment], nodes: Sequence[Node]) -> list[Problem]:
    """A frozen layer is named by its index among the layers with weights."""
    weights = sum(n.weights > 0 for top in nodes for n in top.walk())
    return [
        document.problem(
            ("model", "frozen", index),
            f"there is no layer with weights of index {place}; there are {weights}, counted from 0",
        )
        for index, place in enumerate(document.value.model.frozen)
        if not 0 <= place < weights
    ]


def augment_problems(document: Document[Experiment], shape: Shape, loss: Loss, task: Task) -> list[Problem]:
    """An augmentation must fit the rows, and the loss must take the shares of classes that mixing makes."""
    problems: list[Problem] = []
    indices = task.kind == "classification" and loss.encode(np.zeros(1, np.int64), task).dtype.kind == "i"
    for index, augmentation in enumerate(document.value.data.augment):
        if augmentation.mixes and indices and not loss.soft:
            message = f"{augmentation.name} makes shares of classes, and {loss.name} needs whole ones"
            problems.append(document.problem(("data", "augment", index), f"{message}; use softmax_cross_entropy"))
        try:
            augmentation.check(shape)
        except ShapeError as error:
            problems.append(document.problem(("data", "augment", index), str(error)))
    return problems


def metric_problems(document: Document[Experiment], task: Task, loss: Loss) -> list[Problem]:
    """A metric must suit the task and the loss; one that is watched must be measured, on rows that are there."""
    experiment, problems = document.value, list[Problem]()
    columns = [c for c in metric_columns(task.kind) if c.startswith(("train_", "val_"))]
    probabilities = loss.probabilities(np.zeros((1, loss.units(task)))) is not None
    for index, metric in enumerate(experiment.metrics):
        column = f"val_{metric.column}"
        if message := _unsuited(metric, task, loss.name if not probabilities else ""):
            problems.append(document.problem(("metrics", index), message))
        elif column in columns[len(columns) - index :]:
            problems.append(document.problem(("metrics", index), f"two metrics would have the column `{column}`"))
        columns.append(column)
    columns = measured_columns(experiment, task)
    for path, metric in watched(experiment):
        if path == "sweep.metric":
            continue  # the search checks it
        if metric not in columns:
            message, near = unmeasured(metric, experiment, [task])
            problems.append(document.problem(path, message, allowed=columns, nearest=near))
        elif metric.startswith("val_") and not experiment.data.split.validates:
            problems.append(
                document.problem(path, f"`{metric}` needs validation rows, but data.split.val is 0; watch `train_loss`")
            )
    return problems


def calibrate_problems(document: Document[Experiment], loss: Loss, units: int) -> list[Problem]:
    """A temperature needs probabilities, and validation rows to be fitted on."""
    if document.value.calibrate is None:
        return []
    if loss.probabilities(np.zeros((1, units))) is None:
        return [document.problem("calibrate", f"{loss.name} gives no probabilities that could be calibrated")]
    if loss.name == "ordinal":
        return [document.problem("calibrate", "a temperature would move the levels that the loss ordinal predicts")]
    if not document.value.data.split.validates:
        return [document.problem("calibrate", "a temperature is fitted on validation rows, but data.split.val is 0")]
    return []


def _unsuited(metric: Metric, task: Task, without: str) -> str:
    """Why a metric cannot be measured; empty if it can. without: the loss's name if it defines no probabilities."""
    if not metric.suits(task):
        return f"{metric.name} is for {' and '.join(metric.tasks)}, not for {task.word}"
    if metric.probabilistic and without:
        return f"{metric.name} needs probabilities, which the loss {without} does not define"
    try:
        metric.check(task)
    except UserError as error:
        return str(error)
    return ""
