"""A trained network, or an ensemble, as one ONNX file that maps raw rows to predictions, preprocessing included.

input   x            (rows, ...) float32: rows as the data source returns them, categories of a table one-hot
output  prediction   (rows,) int64: index of the class; or (rows, targets): numbers in the target's own units
output  probability  (rows, classes); `score` or `votes` instead if there are no probabilities
"""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.types import Shape
from trainlab.data.encoding import feature_names
from trainlab.inference.ensemble.combining import TIE
from trainlab.inference.ensemble.ensemble import Ensemble
from trainlab.inference.export.graph import Graph
from trainlab.inference.export.lowering import lower_layers, lower_preprocessing
from trainlab.inference.loading import load_model
from trainlab.inference.model import TrainedNetwork, Weights
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_atomic


def export_onnx(run: Path | str, file: Path, *, weights: Weights = "best", runs: Path = Path("runs")) -> Any:
    """Write the network of a run, or an ensemble, as an ONNX file; return the ONNX model.

    Raises UserError if the package onnx is missing or a component has no ONNX lowering.
    """
    _, network = load_model(run, runs, weights)
    model = as_onnx(network)
    write_atomic(file, model.SerializeToString())
    return model


def as_onnx(network: TrainedNetwork | Ensemble) -> Any:
    """The ONNX model of a network or an ensemble. Raises UserError if a component has no ONNX lowering."""
    graph = Graph()
    members = network.members if isinstance(network, Ensemble) else [network]
    shape = raw_shape(network.encoding)
    ends = [_outputs(graph, member, "x", shape) for member in members]
    facts = {
        "trainlab.columns": dumps([column["name"] for column in network.encoding.get("columns", [])]),
        "trainlab.features": dumps(feature_names(dict(network.encoding))),
        "trainlab.classes": dumps(list(network.classes)),
        "trainlab.targets": dumps(list(network.targets)),
    }
    inputs = {"x": (np.float32, shape)}
    if network.task.kind == "regression":
        units = [_own_units(graph, m, end) for m, end in zip(members, ends, strict=True)]
        graph.call(graph.cast(_weighted(graph, network, units), np.float32), "prediction")
        return graph.model(inputs, {"prediction": (np.float32, (network.task.outputs,))}, facts)
    measure, found = _certainty(graph, network, ends)
    graph.call(graph.cast(found, np.float32), measure)
    graph.call(graph.add("ArgMax", found, axis=1, keepdims=0), "prediction")
    outputs: dict[str, tuple[type[np.generic], Shape]] = {
        "prediction": (np.int64, ()),
        measure: (np.float32, (network.task.outputs,)),
    }
    return graph.model(inputs, outputs, facts)


def raw_shape(encoding: Mapping[str, Any]) -> Shape:
    """The shape of a row as its data source returns it."""
    width = sum(len(column.get("categories") or [0]) for column in encoding["columns"])
    return tuple(encoding.get("shape") or (width,))


def _outputs(graph: Graph, trained: TrainedNetwork, x: str, shape: Shape) -> str:
    """The outputs of a network for raw rows."""
    experiment = trained.experiment
    prepared = lower_preprocessing(graph, experiment.data.preprocess, trained.fitted, x, shape, experiment.train.dtype)
    nodes = trained.net.nodes
    if nodes[0].shape != shape and prod(nodes[0].shape) == prod(shape):
        prepared = graph.reshape(prepared, [-1, *nodes[0].shape])
    return lower_layers(graph, nodes, trained.net.params, prepared)


def _own_units(graph: Graph, trained: TrainedNetwork, y: str) -> str:
    """Numbers of a regression in the target's own units, float64."""
    y = graph.cast(y, np.float64)
    if "target.mean" not in trained.fitted:
        return y
    y = graph.add("Mul", y, graph.constant(trained.fitted["target.std"], "target.std", np.float64))
    return graph.add("Add", y, graph.constant(trained.fitted["target.mean"], "target.mean", np.float64))


def _certainty(graph: Graph, network: TrainedNetwork | Ensemble, ends: list[str]) -> tuple[str, str]:
    """The name of the certainty (probability, score or votes) and its value (rows, classes) in float64."""
    method = network.method if isinstance(network, Ensemble) else "logits"
    if method == "logits":
        return _of_outputs(graph, network, _weighted(graph, network, ends))
    if method == "probabilities":
        return "probability", _weighted(graph, network, [_of_outputs(graph, network, end)[1] for end in ends])
    each = [_pair(graph, network, graph.cast(end, np.float64)) for end in ends]
    classes = graph.constant(list(range(network.task.outputs)), "classes")
    chosen = [graph.add("ArgMax", y, axis=1, keepdims=1) for y in each]
    votes = [graph.cast(graph.add("Equal", choice, classes), np.float64) for choice in chosen]
    mean = _weighted(graph, network, each)
    top = graph.add("ReduceMax", mean, graph.constant([1], "axes"), keepdims=1)
    near = graph.add("Tanh", graph.add("Sub", mean, top))
    tie = graph.add("Mul", near, graph.constant(TIE, "tie", np.float64))
    return "votes", graph.add("Add", _weighted(graph, network, votes), tie)


def _of_outputs(graph: Graph, network: TrainedNetwork | Ensemble, y: str) -> tuple[str, str]:
    """Probabilities, or scores if the loss defines no probabilities."""
    y = graph.cast(y, np.float64)
    if network.loss.name == "softmax_cross_entropy":
        return "probability", graph.add("Softmax", y, axis=-1)
    if network.loss.name == "binary_cross_entropy":
        return "probability", graph.add("Sigmoid", _pair(graph, network, y))
    return "score", y


def _pair(graph: Graph, network: TrainedNetwork | Ensemble, y: str) -> str:
    """One column for each of two classes where there is one output for both; (-y, y)."""
    return graph.add("Concat", graph.add("Neg", y), y, axis=1) if network.loss.units(network.task) == 1 else y


def _weighted(graph: Graph, network: TrainedNetwork | Ensemble, values: list[str]) -> str:
    """The weighted sum of the members' values, in float64."""
    if not isinstance(network, Ensemble):
        return values[0]
    parts = [
        graph.add("Mul", graph.cast(value, np.float64), graph.constant(float(weight), "weight", np.float64))
        for value, weight in zip(values, network.weights, strict=True)
    ]
    return graph.add("Sum", *parts)
