"""Builds what a run needs from an experiment: loss, layers, data and network.

`check` computes the shapes of all layers before any data is read; `build` reads the data and makes the network. A layer
that does not fit is a ConfigError at its line in the config.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.core.component import make
from trainlab.core.config import Document
from trainlab.core.errors import DataError, ShapeError
from trainlab.core.problem import ConfigError, Problem, listed, nearest
from trainlab.core.streams import Streams
from trainlab.core.types import Array, Shape, Task
from trainlab.data.cache import SplitsCache
from trainlab.data.dataset import IMBALANCED, Loaded, Rows, Splits
from trainlab.data.prepare import prepare
from trainlab.engine.graph import LayerError, Node, build_graph
from trainlab.engine.members import members_of, with_members
from trainlab.engine.memory_need import least_memory, machine_memory
from trainlab.engine.network import Net
from trainlab.engine.torch.processes import count
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.layer import Layer
from trainlab.nn.layers.clip_output import ClipOutput
from trainlab.nn.loss import Loss
from trainlab.nn.metric import Metric
from trainlab.optim.layer_penalty import layer_penalty
from trainlab.optim.regularizer import Regularizer
from trainlab.store.columns import metric_columns
from trainlab.training.best import Decision, decide, measured_metrics
from trainlab.training.completion import completed
from trainlab.training.experiment import Experiment
from trainlab.training.setup_checks import (
    augment_problems,
    calibrate_problems,
    clip_problems,
    frozen_problems,
    metric_problems,
    schedule_problems,
)
from trainlab.training.transfer import Taken, frozen, name_problems, take

LOSS_OF = {
    "classification": "softmax_cross_entropy",
    "multilabel": "binary_cross_entropy",
    "ordinal": "ordinal",
    "regression": "mse",
}  # what `loss: auto` means
_CALIBRATION_ROWS = 256  # training rows that a data-dependent init uses


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """An experiment ready to run: data, network with its starting weights, and training config.

    t_train, t_val, t_test: the encoded targets · passes: how many corrections a data-dependent init made to each layer
    · metrics: what is measured beside the loss and the task's score · best: which metric decides, and why ·
    w_train, w_val: the weights of the rows; None if they have none · taken: the arrays of `model.from`.
    """

    experiment: Experiment
    parts: Splits
    net: Net
    config: TrainingConfig
    streams: Streams
    t_train: Array
    t_val: Array | None
    t_test: Array | None
    passes: dict[str, int]
    metrics: Sequence[Metric]
    best: Decision
    w_train: Array | None = None
    w_val: Array | None = None
    taken: Taken | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of metrics.csv."""
        return (*metric_columns(self.parts.task.kind), *(f"val_{metric.column}" for metric in self.metrics))


def check(document: Document[Experiment]) -> None:
    """Compute the shapes of the layers, as far as they are known without reading data.

    Raises ConfigError at the layer, loss or setting that does not fit.
    """
    known = document.value.data.known()
    if known is None:
        return
    shape: Shape | None = known[0]
    for step in document.value.data.preprocess:
        shape = step.out_shape(shape) if shape is not None else None
    if shape is not None:
        _, _, nodes = layers_for(document, shape, known[1])
        _refuse_too_large(document, nodes, 1)


def refuse_threads(document: Document[Experiment]) -> None:
    """Raises ConfigError if a new run asks for more threads than the machine has processors."""
    threads, there = document.value.train.threads, os.cpu_count() or 1
    if threads != "auto" and threads > there:
        message = f"{threads:,} threads, but this machine has {there} processor{'s' if there > 1 else ''}"
        raise ConfigError([document.problem("train.threads", f"{message}; more only wait for each other")])


def require_torch(document: Document[Experiment]) -> None:
    """Raises ConfigError if several processes are to train with a backend that knows one only."""
    if document.value.train.engine != "torch":
        message = f"torchrun started {count()} processes, and this backend computes in one; use `torch`"
        raise ConfigError([document.problem("train.engine", message)])


def build(
    document: Document[Experiment],
    loaded: Loaded | None = None,
    cache: SplitsCache | None = None,
    fitted: Mapping[str, Array] | None = None,
) -> TrainingSetup:
    """Read the data, check what could not be checked before, and make the network with its starting weights.

    loaded: rows to use instead of those that the config names · cache: keeps the dataset for further runs ·
    fitted: what the preprocessors of this run learned when it began.
    """
    streams = Streams(document.value.seed)
    data, dtype = document.value.data, document.value.train.arrays
    if cache is not None and loaded is None:
        parts = cache.splits(data, streams=streams, dtype=dtype, fitted=fitted)
    else:
        parts = prepare(data, streams=streams, dtype=dtype, loaded=loaded, fitted=fitted)
    metric = decide(document.value, parts, []).metric
    document = completed(document, parts.task, len(parts.train), metric)
    experiment = document.value
    loss, layers, nodes = layers_for(document, parts.shape, parts.task)
    _refuse_too_large(document, nodes, min(experiment.train.batch_size, len(parts.train)))
    loss = loss.fitted(parts.train.y, parts.task)
    net = _network(experiment, layers, parts.shape, nodes)
    taken = None if fitted is not None else take(document, net)  # a run that has begun has its weights
    passes = start(net, experiment, parts, streams, taken)
    config = _config(document, parts, net, loss)
    metrics = measured_metrics(experiment, parts.task, imbalanced=parts.imbalance >= IMBALANCED)
    w_train, w_val = (_weights(rows, experiment, net) for rows in (parts.train, parts.val))
    return TrainingSetup(
        experiment,
        parts,
        net,
        config,
        streams,
        _encoded(parts.train, loss, parts.task, net),
        _encoded(parts.val, loss, parts.task, net) if parts.val is not None else None,
        _encoded(parts.test, loss, parts.task, net) if parts.test is not None else None,
        passes,
        metrics,
        decide(experiment, parts, metrics),
        w_train,
        w_val,
        taken,
    )


def _network(experiment: Experiment, layers: Sequence[Layer], shape: Shape, nodes: Sequence[Node]) -> Net:
    """The network on the backend of the config. Raises UserError if that cannot be had."""
    train, still = experiment.train, frozen(experiment.model, nodes)
    options = train.torch_options
    return Net(layers, shape, frozen=still, dtype=train.arrays, engine=train.engine, options=options)


def _config(document: Document[Experiment], parts: Splits, net: Net, loss: Loss) -> TrainingConfig:
    """The settings of the training loop. Raises ConfigError for a penalty on a layer that does not exist."""
    experiment = document.value
    train, penalties = experiment.train, experiment.regularization
    return TrainingConfig(
        loss=loss,
        optimizer=experiment.optimizer,
        schedule=experiment.schedule,
        dropout_schedule=penalties.dropout_schedule,
        weight_decay_schedule=penalties.weight_decay_schedule,
        regularizers=[*penalties.parts(), *_by_layer(document, net)],
        augment=experiment.data.augment,
        epochs=train.epochs,
        batch_size=train.batch_size * count(),
        shuffle=not parts.sorted,
        clip_norm=train.clip_norm,
        average=train.average,
        regression=parts.task.kind == "regression",
    )


def _encoded(rows: Rows, loss: Loss, task: Task, net: Net) -> Array:
    """The targets of the rows as the loss takes them, in the network's float type."""
    t = loss.encode(rows.y, task)
    return t.astype(net.dtype) if t.dtype.kind == "f" else np.ascontiguousarray(t)


def _weights(rows: Rows | None, experiment: Experiment, net: Net) -> Array | None:
    """The weights of the rows in the network's float type; None if they have none."""
    if rows is None or rows.weights is None:
        return None
    if any(augmentation.mixes for augmentation in experiment.data.augment):
        raise DataError("data.augment: `mixup` mixes rows, so it cannot be used where rows have weights (data.weight)")
    return rows.weights.astype(net.dtype)


def _by_layer(document: Document[Experiment], net: Net) -> list[Regularizer]:
    """The penalty on single layers. Raises ConfigError for a name of no layer with weights."""
    settings, places = document.value.regularization, net.weights_of()
    problems: list[Problem] = []
    for key in ("l2_by_layer", "l1_by_layer"):
        for name in getattr(settings, key):
            if name not in places:
                near = nearest(name, list(places))
                meant = f"did you mean `{near}`?" if near else f"there are {listed([f'`{n}`' for n in places])}"
                message = f"no layer with weights is called `{name}`; {meant}"
                problems.append(document.problem(("regularization", key, name), message, nearest=near))
    if problems:
        raise ConfigError(problems)
    return layer_penalty(settings, places)


def start(
    net: Net, experiment: Experiment, parts: Splits, streams: Streams, taken: Taken | None = None
) -> dict[str, int]:
    """Give the network its starting weights; how many corrections a data-dependent init made to each layer."""
    net.initialize(experiment.model, streams)
    keep = taken.layers if taken is not None else []
    for name, array in taken.arrays.items() if taken is not None else ():
        net.params[name][...] = array
    for node in net.nodes:
        if isinstance(node.layer, ClipOutput):
            node.layer.limit({key: net.params[f"{node.name}.{key}"] for key in node.params}, parts.train.y)
    rows = streams.named("calibration").permutation(len(parts.train))[:_CALIBRATION_ROWS]
    return net.calibrate(experiment.model, np.asarray(parts.train.x[np.sort(rows)]), keep)


def layers_for(
    document: Document[Experiment], shape: Shape, task: Task
) -> tuple[Loss, Sequence[Layer], Sequence[Node]]:
    """The loss, the layers and their graph for rows of this shape and this task.

    Raises ConfigError where they do not fit.
    """
    experiment = document.value
    loss = _loss(document, task)
    units = loss.units(task)
    try:
        clips = [ClipOutput()] if experiment.model.clip_output and task.kind == "regression" else []
        plain = [layer.sized(units) for layer in [*experiment.model.expand(shape), *clips]]
        nodes = build_graph(plain, shape)
        layers = _with_members(document, plain, shape)
        if layers is not plain:
            nodes = build_graph(layers, shape)
    except LayerError as error:
        raise ConfigError([document.problem(_path(experiment, error.place), str(error))]) from None
    except ShapeError as error:
        raise ConfigError([document.problem("model", str(error))]) from None
    problems = [
        *augment_problems(document, shape, loss, task),
        *metric_problems(document, task, loss),
        *calibrate_problems(document, loss, units),
        *schedule_problems(document, nodes),
        *clip_problems(document, nodes, loss, task),
    ]
    if nodes[-1].out_shape != (members_of(nodes) * units,):
        problems.append(
            document.problem(
                _path(experiment, (len(plain) - 1,)),
                f"{nodes[-1].name}: the network ends with {nodes[-1].out_shape}, but {loss.name} needs "
                f"{units} output{'s' if units > 1 else ''} here; end with `dense: output`",
            )
        )
    problems += [*frozen_problems(document, nodes), *name_problems(document, nodes)]
    if problems:
        raise ConfigError(problems)
    return loss, layers, nodes


def _with_members(document: Document[Experiment], layers: Sequence[Layer], shape: Shape) -> Sequence[Layer]:
    """The layers as an ensemble, if the config asks for one. Raises ConfigError if they cannot be one."""
    try:
        return with_members(layers, shape, document.value.train.members)
    except ShapeError as error:
        raise ConfigError([document.problem("train.members", str(error))]) from None


def _refuse_too_large(document: Document[Experiment], nodes: Sequence[Node], rows: int) -> None:
    """Raises ConfigError if training takes more memory than the machine has: it would be killed, or swap for ever."""
    need = least_memory(nodes, rows, np.dtype(document.value.train.arrays).itemsize)
    have = machine_memory()
    if have is not None and need > have:
        raise ConfigError(
            [
                document.problem(
                    "model",
                    f"training this network takes at least {need / 1e9:,.0f} GB of memory with batches of {rows} rows, "
                    f"and this machine has {have / 1e9:,.0f} GB; make layers smaller, or train.batch_size",
                )
            ]
        )


def _loss(document: Document[Experiment], task: Task) -> Loss:
    chosen = document.value.loss
    if isinstance(chosen, Loss):
        if task.kind not in chosen.tasks:
            raise ConfigError(
                [document.problem("loss", f"{chosen.name} is for {' and '.join(chosen.tasks)}, not for {task.word}")]
            )
        try:
            chosen.units(task)
        except ShapeError as error:
            raise ConfigError([document.problem("loss", str(error))]) from None
        return chosen
    return make(Loss, LOSS_OF[task.word])


def _path(experiment: Experiment, place: Sequence[int]) -> tuple[str | int, ...]:
    """Dotted path of the layer at these indices; a model that expands has one place for all of its layers."""
    if experiment.model.name != "sequential":
        return ("model",)
    path: tuple[str | int, ...] = ("model",)
    for index in place:
        path = (*path, "layers", index)
    return path
