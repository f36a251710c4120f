"""A trained network, ready for new rows.

A run's best checkpoint holds all that they need: the weights, what preprocessing learned from the training rows, and
how the columns of a file became numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trainlab.core.config import Document
from trainlab.core.errors import DataError, UserError
from trainlab.core.types import Array, Shape, Task
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import apply_fitted, unscale
from trainlab.engine.evaluator import Evaluator, compare
from trainlab.engine.network import Net
from trainlab.nn.loss import Loss
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.training.experiment import Experiment, read, refuse_watched
from trainlab.training.setup import layers_for

Weights = Literal["best", "last", "average"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A network with weights (those of `epoch`), and what it takes to feed it rows as they are in a file."""

    experiment: Experiment
    task: Task
    loss: Loss
    net: Net
    fitted: Mapping[str, Array]
    encoding: Mapping[str, Any]
    epoch: int

    def prepared(self, x: Array) -> Array:
        """Raw rows preprocessed as the training rows were."""
        return apply_fitted(self.experiment.data.preprocess, self.fitted, x, self.experiment.train.dtype)

    def outputs(self, x: Array | LazyRows) -> Array:
        """The network's outputs (rows, units) for preprocessed rows. Raises DataError if one is not finite."""
        y = Evaluator(self.net, self.loss, regression=self.task.kind == "regression").outputs(x)
        bad = np.flatnonzero(~np.isfinite(y).all(axis=1))
        if len(bad):
            raise DataError(
                f"row {bad[0] + 1}: the network's output is not finite, nor is that of {len(bad) - 1} more rows; look "
                "for values far from those of the training rows"
            )
        return y

    def answers(self, y: Array) -> Array:
        """Class indices (n,), or numbers (n, k) in the target's own units, for the network's outputs."""
        found = self.loss.predict(y, self.task)
        return found if self.task.kind == "classification" else unscale(found.astype(np.float64), self.fitted)

    def cost(self, y: Array, targets: Array) -> float:
        """The mean loss of outputs y against class indices, or numbers scaled as for training."""
        return mean_loss(self.loss, y, targets, self.task)

    def certainty(self, y: Array) -> tuple[Array, str]:
        """The probability of each class, (rows, classes), or the outputs as scores where the loss knows none."""
        found = self.loss.probabilities(y)
        return (y, "score") if found is None else (found, "probability")

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, or their numbers where they have none; empty for a regression."""
        return class_names(self.task)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns."""
        return tuple(self.encoding.get("target") or self.task.names)


def class_names(task: Task) -> tuple[str, ...]:
    """The names of the classes, or their numbers where they have none; empty for a regression."""
    if task.kind == "regression":
        return ()
    return task.names or tuple(str(i) for i in range(task.outputs))


def mean_loss(loss: Loss, y: Array, targets: Array, task: Task) -> float:
    """The mean loss of outputs y against targets that are not encoded yet."""
    t = loss.encode(targets, task)
    t = t.astype(y.dtype) if t.dtype.kind == "f" else t
    return compare(loss, y, t, regression=task.kind == "regression").loss


def open_run(folder: RunFolder, weights: Weights = "best") -> Trained:
    """The network of a run with its best weights, its last, or their moving average.

    Raises UserError if it has no such weights (yet), or a config that does not fit them.
    """
    path = folder.checkpoints / ("best.safetensors" if weights == "best" else "last.safetensors")
    return open_checkpoint(folder, path, average=weights == "average")


def open_checkpoint(folder: RunFolder, path: Path, *, average: bool = False) -> Trained:
    """The network of a run with the weights of one of its checkpoints, or with the moving average kept in it."""
    if not path.exists():
        refuse_watched(folder.config)
        raise UserError(f"{folder.path}: this run has no checkpoint yet; train it with `trainlab train --resume`")
    arrays, meta = checkpoint.load(path)
    kept: dict[str, Any] = meta["task"]
    task = Task(kept["kind"], kept["outputs"], tuple(kept["names"]))
    fitted = {name.removeprefix("data."): a for name, a in arrays.items() if name.startswith("data.")}
    try:
        made = assemble(
            read(folder.config), tuple(meta["shape"]), task, arrays, fitted, meta["encoding"], meta["epoch"]
        )
    except LookupError as error:
        raise UserError(f"{path}: {error.args[0]}: config.yaml is not the one it was trained by") from None
    if average:
        if "average" not in arrays:
            raise UserError(f"{folder.path}: this run kept no average of its weights; train with train.average=0.999")
        made.net.theta[...] = arrays["average"]
    return replace(made, loss=Loss.read(meta["loss"]))


def assemble(
    document: Document[Experiment],
    shape: Shape,
    task: Task,
    weights: Mapping[str, Array],
    fitted: Mapping[str, Array],
    encoding: Mapping[str, Any],
    epoch: int,
) -> Trained:
    """The network of an experiment with these weights, for preprocessed rows of this shape.

    Raises LookupError where weights are missing or have another shape.
    """
    loss, layers = layers_for(document, shape, task)
    net = Net(layers, shape, frozen=document.value.model.frozen, dtype=document.value.train.dtype)
    for name, param in net.params.items():
        if name not in weights or weights[name].shape != param.shape:
            raise LookupError(f"has no `{name}` of shape {param.shape}")
        param[...] = weights[name]
    return Trained(document.value, task, loss, net, fitted, encoding, epoch)
