"""Problems of a config that show only when its layers and its task are known: settings without what they act on."""

from collections.abc import Sequence

import numpy as np

from trainlab.core.config import Document
from trainlab.core.problem import Problem
from trainlab.core.types import Task
from trainlab.engine.graph import Node
from trainlab.nn.layers.clip_output import ClipOutput
from trainlab.nn.layers.drop_connect import DropConnect
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.loss import Loss
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
