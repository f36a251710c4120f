"""A trained model: one network, or an ensemble of networks, that predicts new rows.

A run's checkpoint holds everything this takes: the weights, the fitted preprocessing, and how the columns of a file
become numbers.

    Model                     what evaluation, prediction and export need
      TrainedNetwork          the network of one run
      Ensemble                several networks (`ensemble/ensemble.py`)

`loading.load_model` opens either of them by the name of its folder.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from trainlab.core.config import Document
from trainlab.core.errors import DataError, ShapeError, UserError
from trainlab.core.types import Array, Shape, Task
from trainlab.data.dataset import Rows
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessing import preprocessed, unscale
from trainlab.engine.evaluator import Evaluator, compare
from trainlab.engine.network import Net
from trainlab.nn.loss import Loss
from trainlab.nn.metric import Metric
from trainlab.store import checkpoint
from trainlab.store.checksums import CHANGED
from trainlab.store.decision import PLAIN, Decision, read_decision
from trainlab.store.environment import data_fingerprint, read_environment
from trainlab.store.folder import RunFolder
from trainlab.store.forms import Data, require
from trainlab.store.json_file import read_json
from trainlab.store.meta import Meta
from trainlab.store.status import altered
from trainlab.training.best import BALANCED, measured_metrics
from trainlab.training.calibration import scaled
from trainlab.training.checkpointing import fitted_of
from trainlab.training.experiment import Experiment, read, refuse_watched
from trainlab.training.setup import build, layers_for
from trainlab.training.transfer import frozen

Weights = Literal["best", "last", "average"]
Split = Literal["test", "val", "train"]
_AGAIN = "delete the file, then use `trainlab calibrate` or `trainlab evaluate --threshold` again"


class NoRowsError(UserError):
    """The data have no such split."""


@dataclass(frozen=True)
class Model(ABC):
    """A trained model.

    fitted: the fitted preprocessing, with the scale of scaled targets · encoding: how the columns of a file become
    numbers · epoch: of the weights; None for an ensemble. Prepared rows are raw rows after preprocessing, in the form
    that `outputs` takes. Outputs are (rows, units), as the loss takes them, divided by the temperature of `decision` if
    it has one.
    """

    task: Task
    loss: Loss
    fitted: Mapping[str, Array]
    encoding: Mapping[str, Any]
    epoch: int | None
    decision: Decision = field(default=PLAIN, kw_only=True)

    @abstractmethod
    def prepared(self, x: Array) -> Any:
        """Raw rows as `outputs` takes them."""

    @abstractmethod
    def outputs(self, x: Any) -> Array:
        """Outputs (rows, units) for prepared rows. Raises DataError if one is not finite."""

    @abstractmethod
    def rows(self, split: Split) -> tuple[Any, Array]:
        """Prepared x and targets of a split of the model's own data.

        Raises NoRowsError if there are none, UserError if the data changed since.
        """

    @property
    @abstractmethod
    def metrics(self) -> Sequence[Metric]:
        """The metrics that the run measured beside the loss and the task's score."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes or labels, or their numbers if they have none; empty for a regression."""
        if self.task.kind == "regression":
            return ()
        return self.task.names or tuple(str(i) for i in range(self.task.outputs))

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns."""
        return tuple(self.encoding.get("target") or self.task.names)

    def answers(self, y: Array) -> Array:
        """Predictions from outputs: class indices (n,), 0 or 1 for each label (n, k), or numbers (n, k) in the target's
        own units.

        With a threshold, the class is the positive one from this probability on.
        """
        if self.decision.threshold is not None:
            positive = self.classes.index(self.decision.threshold.positive)
            sure = self.certainty(y.astype(np.float64))[0][:, positive] >= self.decision.threshold.value
            return np.where(sure, positive, 1 - positive)
        found = self.loss.predict(y, self.task)
        return unscale(found.astype(np.float64), self.fitted) if self.task.kind == "regression" else found

    def quantiles(self, y: Array) -> Array | None:
        """Predicted quantiles (n, k, quantiles) in the target's own units; None if the loss predicts none."""
        found = self.loss.quantiles_of(y.astype(np.float64), self.task)
        if found is None:
            return None
        own = [unscale(found[:, :, i], self.fitted) for i in range(found.shape[2])]
        return np.stack(own, axis=2)

    def cost(self, y: Array, targets: Array) -> float | None:
        """The mean loss of outputs y against class indices, or numbers scaled as for training; None if undefined."""
        return mean_loss(self.loss, y, targets, self.task)

    def certainty(self, y: Array) -> tuple[Array, str]:
        """A number per class, (rows, classes), and its kind: `probability`, `score` (the outputs) or `votes`."""
        found = self.loss.probabilities(y)
        return (y, "score") if found is None else (found, "probability")


@dataclass(frozen=True)
class TrainedNetwork(Model):
    """The network of one run. `folder`: that of the run; None if it was trained in memory."""

    experiment: Experiment
    net: Net
    folder: RunFolder | None = None

    @classmethod
    def load(cls, folder: RunFolder, weights: Weights = "best") -> "TrainedNetwork":
        """The network of a run with its best weights, its last, or their moving average.

        Raises UserError if it has no such weights (yet), or a config that does not fit them.
        """
        path = folder.checkpoints / ("best.safetensors" if weights == "best" else "last.safetensors")
        found = cls.from_checkpoint(folder, path, average=weights == "average")
        if weights != "best":
            return found
        made = decided(found, folder.decision)
        if altered(folder.path, folder.decision.name):
            raise UserError(f"{folder.decision}: {CHANGED}; {_AGAIN}")
        return made

    @classmethod
    def from_checkpoint(cls, folder: RunFolder, path: Path, *, average: bool = False) -> "TrainedNetwork":
        """The network of a run with the weights of one of its checkpoints, or with the moving average in it.

        Raises UserError as `load`.
        """
        if not path.exists():
            refuse_watched(folder.config)
            raise UserError(f"{folder.path}: this run has no checkpoint yet; train it with `trainlab train --resume`")
        arrays, meta = checkpoint.load(path)
        require(path, meta, Meta)
        kept: dict[str, Any] = meta["task"]
        task = Task(kept["kind"], kept["outputs"], tuple(kept["names"]), kept.get("ordered", False))
        fitted = {name.removeprefix("data."): a for name, a in arrays.items() if name.startswith("data.")}
        document, shape = read(folder.config, own=True), tuple(meta["shape"])
        try:
            made = assemble(document, shape, task, arrays, fitted, meta["encoding"], meta["epoch"])
        except LookupError as error:
            raise UserError(f"{path}: {error.args[0]}: config.yaml is not the one it was trained by") from None
        if average:
            if arrays.get("average", np.empty(0)).shape != made.net.theta.shape:
                raise UserError(
                    f"{folder.path}: this run has no average of its weights; train with train.average=0.999"
                )
            made.net.theta[...] = arrays["average"]
        _require_preprocessing(path, made, shape)
        return replace(made, loss=_loss(path, meta["loss"], task), folder=folder)

    @property
    def metrics(self) -> Sequence[Metric]:
        """Those of the config, and those that decided or were watched."""
        facts = read_json(self.folder.data, Data) if self.folder is not None and self.folder.data.exists() else {}
        known: dict[str, Any] = facts.get("lower_is_better") or {}
        return measured_metrics(self.experiment, self.task, imbalanced=f"val_{BALANCED}" in known)

    def prepared(self, x: Array) -> Array | LazyRows:
        """Raw rows preprocessed as the training rows were."""
        return preprocessed(self.experiment.data.preprocess, self.fitted, x, self.experiment.train.arrays)

    def outputs(self, x: Array | LazyRows) -> Array:
        """The network's outputs (rows, units) for preprocessed rows. Raises DataError if one is not finite."""
        y = Evaluator(self.net, self.loss, self.task).outputs(x)
        y = scaled(y, self.decision.temperature)
        bad = np.flatnonzero(~np.isfinite(y).all(axis=1))
        if len(bad):
            raise DataError(
                f"row {bad[0] + 1}: the network's output is not finite, nor is that of {len(bad) - 1} more rows; look "
                "for values far from those of the training rows"
            )
        return y

    def rows(self, split: Split) -> tuple[Array | LazyRows, Array]:
        """Prepared x and targets of a split of the run's own data, split as for training."""
        if self.folder is None:
            raise NoRowsError("this network was trained in memory: it has no rows of its own")
        rows = own_rows(self.folder, split)
        return rows.x, rows.y


M = TypeVar("M", bound=Model)


def decided(model: M, path: Path) -> M:
    """A model with its best weights, and the temperature and threshold that were fitted for them, from decision.json.

    Raises UserError if they belong to other weights, or to other classes.
    """
    found = read_decision(path)
    if found == PLAIN:
        return model
    if found.epoch != model.epoch:
        epochs = f"of epoch {found.epoch}, but the best ones are of epoch {model.epoch}"
        raise UserError(f"{path}: is for the weights {epochs}; {_AGAIN}")
    if found.threshold is not None:
        require_threshold(model, found.threshold.positive)
    return replace(model, decision=found)


def require_threshold(model: Model, positive: str) -> None:
    """Raises UserError unless the model tells this class from one other by probabilities."""
    if model.task.kind != "classification" or len(model.classes) != 2:
        kinds = {"regression": "numbers", "multilabel": f"{len(model.classes)} labels"}
        what = kinds.get(model.task.kind, f"{len(model.classes)} classes")
        raise UserError(f"a threshold is for two classes; this model predicts {what}")
    if model.classes.count(positive) != 1:
        raise UserError(f"the positive class `{positive}` is none of {' and '.join(f'`{c}`' for c in model.classes)}")
    if model.certainty(np.zeros((1, model.loss.units(model.task))))[1] != "probability":
        raise UserError("a threshold is for probabilities; this model gives none")


def own_rows(folder: RunFolder, split: Split) -> Rows:
    """The rows of a split of a run's own data, split and preprocessed as for training.

    Raises NoRowsError if there are none, UserError if the data changed since: then the test rows may be rows that it
    was trained on.
    """
    splits = build(read(folder.config, own=True), fitted=fitted_of(folder)).parts
    known = data_fingerprint(read_environment(folder.environment))
    if known and known != splits.fingerprint:
        raise UserError(
            f"{folder.path}: the data changed since this run was trained, so its test rows may be among its training "
            "rows; name a file of new rows with --data"
        )
    rows = {"test": splits.test, "val": splits.val, "train": splits.train}[split]
    if rows is None:
        have = [name for name, r in (("val", splits.val), ("train", splits.train)) if r is not None]
        raise NoRowsError(
            f"{folder.path}: this run has no {split} rows (data.split.{split}: 0); score it on a file with "
            f"--data, or with --part {have[0]}"
        )
    return rows


def assemble(
    document: Document[Experiment],
    shape: Shape,
    task: Task,
    weights: Mapping[str, Array],
    fitted: Mapping[str, Array],
    encoding: Mapping[str, Any],
    epoch: int,
) -> TrainedNetwork:
    """The network of an experiment with these weights, for preprocessed rows of this shape.

    Raises LookupError if weights are missing or have another shape.
    """
    loss, layers, nodes = layers_for(document, shape, task)
    still = frozen(document.value.model, nodes)
    net = Net(layers, shape, frozen=still, dtype=document.value.train.arrays)
    for name, param in net.params.items():
        param[...] = checkpoint.fitting(weights, name, param)
    return TrainedNetwork(task, loss, fitted, encoding, epoch, document.value, net)


def raw_shape(encoding: Mapping[str, Any]) -> Shape:
    """The shape of a row as its data source returns it."""
    width = sum(len(column.get("categories") or [0]) for column in encoding["columns"])
    return tuple(encoding.get("shape") or (width,))


def _require_preprocessing(path: Path, made: TrainedNetwork, shape: Shape) -> None:
    """Raises UserError unless the fitted preprocessing makes of a raw row one that the network takes."""
    if not made.encoding.get("columns"):
        return
    try:
        found = made.prepared(np.zeros((1, *raw_shape(made.encoding)))).shape[1:]
    except DataError as error:
        raise UserError(f"{path}: {error}") from error
    if found != shape:
        raise UserError(f"{path}: the preprocessing makes rows of shape {found}, and the network takes {shape}")


def _loss(path: Path, kept: Mapping[str, Any], task: Task) -> Loss:
    """The loss in a checkpoint, with what it has learned. Raises UserError if it is none, or not one for this task."""
    try:
        loss = Loss.read(kept)
        loss.units(task)
    except (ValidationError, PydanticCustomError, ShapeError) as error:
        raise UserError(f"{path}: `loss` cannot be {str(dict(kept))[:60]}") from error
    return loss


def mean_loss(loss: Loss, y: Array, targets: Array, task: Task) -> float:
    """The mean loss of outputs y against targets that are not encoded yet."""
    t = loss.encode(targets, task)
    t = t.astype(y.dtype) if t.dtype.kind == "f" else t
    return compare(loss, y, t, regression=task.kind == "regression").loss
