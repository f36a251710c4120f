"""A trained network, or an ensemble, as one ONNX file that maps raw rows to predictions, preprocessing included.

input   x            (rows, ...) float32: rows as the data source returns them, categories of a table one-hot
output  prediction   (rows,) int64: index of the class; (rows, labels) int64: 0 or 1; or (rows, targets): numbers in the
                     target's own units
output  probability  (rows, classes); `score` or `votes` instead if there are no probabilities
output  quantiles    (rows, targets, quantiles), where the loss predicts quantiles

Numbers are float32 and operations are old and plain, so that many runtimes run the file (docs/export.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Shape
from trainlab.data.encoding import feature_names
from trainlab.inference.ensemble.ensemble import Ensemble, rescaled
from trainlab.inference.export.checking import load_once, require_finite
from trainlab.inference.export.graph import OPSET, Graph
from trainlab.inference.export.losses import require_known
from trainlab.inference.export.lowering import lower_layers, lower_preprocessing
from trainlab.inference.export.softplus import softplus
from trainlab.inference.loading import load_model
from trainlab.inference.model import TrainedNetwork, Weights, raw_shape
from trainlab.nn.losses import poisson
from trainlab.nn.losses.pinball import Pinball
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_output

Outputs = Literal["all", "prediction", "probability"]
_TIE = 1e-6  # shares of votes that differ by less are equal: float32 keeps seven digits


@dataclass(frozen=True)
class OnnxOptions:
    """What the file contains.

    opset: version of ONNX's operations · rows: the fixed number of rows, or None for any number · outputs: which of
    `prediction` and `probability` · preprocess: whether x is raw rows; if not, x is rows that are preprocessed already.
    """

    opset: int = OPSET
    rows: int | None = None
    outputs: Outputs = "all"
    preprocess: bool = True


@dataclass(frozen=True)
class Exported:
    """An ONNX model, the program that has loaded and run it once, and what its user should know."""

    model: Any
    checked_with: str
    notes: tuple[str, ...]


def export_onnx(
    run: Path | str,
    file: Path,
    *,
    weights: Weights = "best",
    runs: Path = Path("runs"),
    options: OnnxOptions | None = None,
) -> Exported:
    """Write the network of a run, or an ensemble, as an ONNX file, after it has been loaded and run once.

    Raises UserError if the package onnx is missing, an option does not fit, a component has no ONNX lowering, or the
    file cannot be run.
    """
    _, network = load_model(run, runs, weights)
    model, notes = as_onnx(network, options or OnnxOptions())
    content: bytes = model.SerializeToString()
    checked = load_once(content)
    write_output(file, content)
    return Exported(model, checked, notes)


def as_onnx(network: TrainedNetwork | Ensemble, options: OnnxOptions | None = None) -> tuple[Any, tuple[str, ...]]:
    """The ONNX model of a network or an ensemble, and what its user should know.

    Raises UserError if an option does not fit, a component has no ONNX lowering, or weights are not finite.
    """
    require_known(network.loss, network.task)
    options = options or OnnxOptions()
    graph = Graph(options.opset, options.rows)
    members = _members(network)
    require_finite(members)
    shape = raw_shape(network.encoding)
    if options.preprocess:
        ends = [_outputs(graph, member, _prepared(graph, member, shape)) for member in members]
    else:
        _refuse_unlike(members)
        ends = [_outputs(graph, member, "x") for member in members]
        shape = members[0].net.nodes[0].shape
    features = feature_names(dict(network.encoding))
    facts = {
        "trainlab.columns": dumps([column["name"] for column in network.encoding.get("columns", [])]),
        "trainlab.features": dumps(features),
        "trainlab.classes": dumps(list(network.classes)),
        "trainlab.targets": dumps(list(network.targets)),
        "trainlab.decision": dumps(network.decision.as_dict()),
    }
    found = _answers(graph, network, members, ends)
    kept = {
        name: output
        for name, output in found.items()
        if options.outputs in ("all", "prediction" if name == "prediction" else "probability")
    }
    if not kept:
        raise UserError("--outputs probability: a regression has no probabilities; leave the option out")
    outputs: dict[str, tuple[type[np.generic], Shape]] = {}
    for name, (value, dtype, row) in kept.items():
        graph.call(value, name)
        outputs[name] = (dtype, row)
    return graph.model({"x": (np.float32, shape)}, outputs, facts), _notes(graph, features)


def _notes(graph: Graph, features: Sequence[str]) -> tuple[str, ...]:
    if not graph.far:
        return ()
    names = [f"`{features[i]}`" if i < len(features) else f"feature {i + 1}" for i in sorted(graph.far)]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (
        f"{', '.join(names[:5])}{more}: the values are more than 1,000 times as far from 0 as they are from each "
        "other, and the file's input x is float32, which rounds them: probabilities may differ from those of `trainlab "
        "predict`. Subtract a constant from the column before training.",
    )


def _members(network: TrainedNetwork | Ensemble) -> Sequence[TrainedNetwork]:
    return network.members if isinstance(network, Ensemble) else [network]


def _prepared(graph: Graph, trained: TrainedNetwork, shape: Shape) -> str:
    """Raw rows x after preprocessing, in the shape that the network takes."""
    prepared = lower_preprocessing(graph, trained.experiment.data.preprocess, trained.fitted, "x", shape)
    wanted = trained.net.nodes[0].shape
    return graph.reshape(prepared, *wanted) if wanted != shape and prod(wanted) == prod(shape) else prepared


def _refuse_unlike(members: Sequence[TrainedNetwork]) -> None:
    """Raises UserError if members preprocess their rows differently: then no one x fits them all."""
    for other in members[1:]:
        same = other.experiment.data.preprocess == members[0].experiment.data.preprocess
        arrays = (set(members[0].fitted) | set(other.fitted)) if same else set[str]()
        missing = np.empty(0)
        if not same or not all(
            np.array_equal(members[0].fitted.get(name, missing), other.fitted.get(name, missing)) for name in arrays
        ):
            raise UserError("--no-preprocess: the members of this ensemble preprocess their rows differently")


def _outputs(graph: Graph, trained: TrainedNetwork, prepared: str) -> str:
    """The outputs of a network for preprocessed rows, divided by its temperature."""
    y = lower_layers(graph, trained.net.nodes, trained.net.params, prepared)
    if trained.net.members > 1:
        y = _averaged(graph, trained, y)
    temperature = trained.decision.temperature
    return y if temperature is None else graph.add("Div", y, graph.constant(temperature.value, "temperature"))


def _averaged(graph: Graph, trained: TrainedNetwork, y: str) -> str:
    """The outputs of an ensemble inside one network (`Loss.averaged`) from those of its members, side by side."""
    members, units = trained.net.members, trained.loss.units(trained.task)
    if trained.task.kind == "regression":
        numbers = _points(graph, trained, graph.reshape(y, members, units), members)
        mean = graph.reduce("ReduceMean", numbers, [1], keepdims=0)
        return graph.add("Log", mean) if trained.loss.name in ("poisson", "kl_divergence") else mean
    flat = graph.add("Reshape", y, graph.constant([-1, units], "shape"))  # a row for every member of a row
    kind, each = _of_outputs(graph, trained, flat)
    columns = units if kind == "score" else trained.task.outputs
    mean = graph.reduce("ReduceMean", graph.reshape(each, members, columns), [1], keepdims=0)
    return mean if kind == "score" else _from_probabilities(graph, trained, mean)


def _from_probabilities(graph: Graph, trained: TrainedNetwork, p: str) -> str:
    """Outputs whose probabilities are p, as `Loss.outputs_of`."""
    classes = trained.task.outputs
    if trained.loss.name == "binary_cross_entropy" and trained.task.kind == "multilabel":
        return graph.add("Sub", graph.add("Log", p), graph.add("Log", graph.add("Sub", graph.constant(1.0, "one"), p)))
    log_p = graph.add("Log", p)
    if trained.loss.name == "binary_cross_entropy":
        return graph.add("MatMul", log_p, graph.constant(np.array([[-1.0], [1.0]]), "second"))
    if trained.loss.name != "ordinal":
        return log_p
    above = graph.add("MatMul", p, graph.constant(np.tri(classes, classes - 1, -1), "above"))
    rest = graph.add("Gather", log_p, graph.constant(list(range(classes - 1)), "levels"), axis=1)
    return graph.add("Sub", graph.add("Log", above), rest)


def _answers(
    graph: Graph, network: TrainedNetwork | Ensemble, members: Sequence[TrainedNetwork], ends: list[str]
) -> dict[str, tuple[str, type[np.generic], Shape]]:
    """Each output by name: the value, its type, and its shape for a row."""
    outputs = network.task.outputs
    if network.task.kind == "regression":
        pairs = list(zip(members, ends, strict=True))
        if isinstance(network, Ensemble) and network.method == "logits":
            scaled = [_in_units_of(graph, member, members[0], end) for member, end in pairs]
            return _numbers(graph, network, _own_units(graph, members[0], _weighted(graph, network, scaled)))
        each = [_own_units(graph, member, end) for member, end in pairs]
        return _numbers(graph, network, _weighted(graph, network, each))
    if network.task.kind == "multilabel":
        _, p, _ = _certainty(graph, network, ends)
        yes = graph.as_index(graph.add("Greater", p, graph.constant(0.5, "half")))
        return {"prediction": (yes, np.int64, (outputs,)), "probability": (p, np.float32, (outputs,))}
    measure, certainty, ranked = _certainty(graph, network, ends)
    best = graph.reshape(_label(graph, network, ranked))
    return {"prediction": (best, np.int64, ()), measure: (certainty, np.float32, (outputs,))}


def _in_units_of(graph: Graph, trained: TrainedNetwork, first: TrainedNetwork, y: str) -> str:
    """Outputs of a regression in the units of the first member's outputs, as in `Ensemble.combined`."""
    units = trained.loss.units(trained.task)
    start, end = (rescaled(np.full((1, units), value), trained.fitted, first.fitted) for value in (0.0, 1.0))
    if not start.any() and (end == 1).all():
        return y
    y = graph.add("Mul", y, graph.constant(end - start, "member.std"))
    return graph.add("Add", y, graph.constant(start, "member.mean"))


def _points(graph: Graph, trained: TrainedNetwork, y: str, *members: int) -> str:
    """Outputs (rows, units) of a regression, or (rows, members, units), as predicted numbers: `Loss.point`.

    Of a loss that predicts quantiles, these in ascending order.
    """
    loss = trained.loss
    if loss.name == "poisson":
        return graph.add("Exp", graph.add("Min", y, graph.constant(poisson.TOP, "top")))
    if loss.name == "msle":
        return graph.add("Relu", y)
    if loss.name == "kl_divergence":
        return graph.add("Softmax", y, axis=-1)
    if not isinstance(loss, Pinball):
        return y
    count, units = len(loss.quantiles), loss.units(trained.task)
    apart = graph.reshape(y, prod(members) * trained.task.outputs, count)
    return graph.reshape(graph.sorted(apart, count), *members, units)


def _own_units(graph: Graph, trained: TrainedNetwork, y: str) -> str:
    """Numbers of a regression, in the target's own units, from its outputs."""
    y = _points(graph, trained, y)
    if "target.mean" not in trained.fitted:
        return y
    each = trained.loss.units(trained.task) // trained.task.outputs  # outputs for a number: its quantiles
    std, mean = (np.repeat(trained.fitted[f"target.{name}"], each) for name in ("std", "mean"))
    y = graph.add("Mul", y, graph.constant(std, "target.std"))
    return graph.add("Add", y, graph.constant(mean, "target.mean"))


def _numbers(
    graph: Graph, network: TrainedNetwork | Ensemble, y: str
) -> dict[str, tuple[str, type[np.generic], Shape]]:
    """The predicted numbers, and their quantiles where the loss predicts quantiles, from those of `_own_units`."""
    outputs, loss = network.task.outputs, network.loss
    if not isinstance(loss, Pinball):
        return {"prediction": (y, np.float32, (outputs,))}
    count = len(loss.quantiles)
    values = graph.reshape(y, outputs, count)
    middle = graph.add("Gather", values, graph.constant([loss.middle], "middle"), axis=2)
    return {
        "prediction": (graph.reshape(middle, outputs), np.float32, (outputs,)),
        "quantiles": (values, np.float32, (outputs, count)),
    }


def _certainty(graph: Graph, network: TrainedNetwork | Ensemble, ends: list[str]) -> tuple[str, str, str]:
    """The certainty's name (probability, score or votes), its value (rows, classes), and what ranks the classes."""
    method = network.method if isinstance(network, Ensemble) else "logits"
    if method == "vote":
        return "votes", *_votes(graph, network, ends)
    if method == "logits":
        name, value = _of_outputs(graph, network, _weighted(graph, network, ends))
    else:
        name = "probability"
        value = _weighted(graph, network, [_of_outputs(graph, network, end)[1] for end in ends])
    return name, value, value


def _votes(graph: Graph, network: TrainedNetwork | Ensemble, ends: list[str]) -> tuple[str, str]:
    """The share of members that choose each class, and the mean outputs of the classes with the largest share."""
    each = [_pair(graph, network, end) for end in ends]
    classes = graph.constant(list(range(network.task.outputs)), "classes")
    chosen = [
        _label(graph, member, _of_outputs(graph, member, end)[1]) if member.decision.threshold else _largest(graph, y)
        for member, end, y in zip(_members(network), ends, each, strict=True)
    ]
    votes = _weighted(graph, network, [graph.cast(graph.add("Equal", c, classes), np.float32) for c in chosen])
    short = graph.add("Sub", votes, graph.reduce("ReduceMax", votes, [1]))
    winners = graph.add("Less", graph.constant(-_TIE, "tie"), short)
    none = graph.constant(float(np.finfo(np.float32).min), "lowest")
    return votes, graph.add("Where", winners, _weighted(graph, network, each), none)


def _label(graph: Graph, network: TrainedNetwork | Ensemble, certainty: str) -> str:
    """The index of the class, (rows, 1): the positive one from the threshold on, or the most certain one."""
    threshold = network.decision.threshold
    if network.loss.name == "ordinal":  # the median: the first level that a row is probably not above
        levels = network.task.outputs
        above = graph.add("MatMul", certainty, graph.constant(np.tri(levels, levels, -1), "above"))
        probably = graph.cast(graph.add("Greater", above, graph.constant(0.5, "half")), np.float32)
        return graph.add("ArgMin", probably, axis=1, keepdims=1)  # a sum as integers is a type of its own in tract
    if threshold is None:
        return _largest(graph, certainty)
    positive, least = network.classes.index(threshold.positive), graph.constant(threshold.value, "threshold")
    sure = graph.add("Gather", certainty, graph.constant([positive], "column"), axis=1)
    second = graph.add("Less", least, sure) if positive == 1 else graph.add("Less", sure, least)
    return graph.as_index(second)


def _largest(graph: Graph, values: str) -> str:
    return graph.add("ArgMax", values, axis=1, keepdims=1)  # keepdims=0 is wrong in OpenCV 4


def _of_outputs(graph: Graph, network: TrainedNetwork | Ensemble, y: str) -> tuple[str, str]:
    """Probabilities, or scores if the loss defines no probabilities."""
    if network.loss.name in ("softmax_cross_entropy", "kl_divergence"):
        return "probability", graph.add("Softmax", y, axis=-1)
    if network.loss.name == "binary_cross_entropy":
        return "probability", graph.add("Sigmoid", _pair(graph, network, y))
    if network.loss.name == "ordinal":
        log_above = graph.add("Neg", softplus(graph, graph.add("Neg", y)))
        levels = network.task.outputs
        so_far = np.triu(np.ones((levels - 1, levels - 1)))  # a product: onnx2torch runs CumSum from the end
        above = graph.add("Exp", graph.add("MatMul", log_above, graph.constant(so_far, "so_far")))
        steps = np.eye(levels - 1, levels, 1) - np.eye(levels - 1, levels)  # P(level k) = P(above k-1) - P(above k)
        differences = graph.add("MatMul", above, graph.constant(steps, "steps"))
        return "probability", graph.add("Add", differences, graph.constant(np.eye(1, levels), "lowest_level"))
    return "score", y


def _pair(graph: Graph, network: TrainedNetwork | Ensemble, y: str) -> str:
    """One column for each of two classes where there is one output for both; (-y, y)."""
    return graph.add("Concat", graph.add("Neg", y), y, axis=1) if network.loss.units(network.task) == 1 else y


def _weighted(graph: Graph, network: TrainedNetwork | Ensemble, values: list[str]) -> str:
    """The weighted sum of the members' values."""
    if not isinstance(network, Ensemble):
        return values[0]
    parts = [
        graph.add("Mul", value, graph.constant(float(weight), "weight"))
        for value, weight in zip(values, network.weights, strict=True)
    ]
    return graph.add("Sum", *parts)
