"""Preprocessors as ONNX operations, in float64 as trainlab computes them, with what they learned of the rows."""

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph

Lowering = Callable[[Graph, Preprocessor, Mapping[str, Array], str, Shape], tuple[str, Shape]]


def preprocessing(
    graph: Graph, steps: Sequence[Preprocessor], fitted: Mapping[str, Array], x: str, shape: Shape, dtype: str
) -> str:
    """Raw rows x of this shape as the network takes them. Raises UserError for a step that ONNX cannot have."""
    if steps:
        x = graph.cast(x, np.float64)
    for i, step in enumerate(steps):
        lower = STEPS.get(step.name)
        if lower is None:
            raise UserError(f"data.preprocess: `{step.name}` cannot be exported to ONNX")
        prefix = f"{i}.{step.name}."
        learned = {k.removeprefix(prefix): a.astype(np.float64) for k, a in fitted.items() if k.startswith(prefix)}
        x, shape = lower(graph, step, learned, x, shape)
    return graph.cast(x, np.float64 if dtype == "float64" else np.float32)


def _shifted(shift: str, width: str = "") -> Lowering:
    """(x - shift) / width."""

    def lower(
        graph: Graph, step: Preprocessor, learned: Mapping[str, Array], x: str, shape: Shape
    ) -> tuple[str, Shape]:
        x = graph.add("Sub", x, graph.constant(learned[shift], f"{step.name}.{shift}"))
        if width:
            x = graph.add("Div", x, graph.constant(learned[width], f"{step.name}.{width}"))
        return x, shape

    return lower


def _fill(graph: Graph, step: Preprocessor, learned: Mapping[str, Array], x: str, shape: Shape) -> tuple[str, Shape]:
    bad = graph.add("Or", graph.add("IsNaN", x), graph.add("IsInf", x))
    value = graph.constant(learned["value"] if "value" in learned else learned["mean"], "fill.value")
    filled = graph.add("Where", bad, value, x)
    if "marked" not in learned:
        return filled, shape
    marked = graph.constant(learned["marked"].astype(np.int64).tolist(), "fill.marked")
    marks = graph.cast(graph.add("Gather", bad, marked, axis=1), np.float64)
    return graph.add("Concat", filled, marks, axis=1), (shape[0] + len(learned["marked"]),)


def _normalize(
    graph: Graph, step: Preprocessor, learned: Mapping[str, Array], x: str, shape: Shape
) -> tuple[str, Shape]:
    norm: str = getattr(step, "norm")  # noqa: B009 - of a class that the table names
    op = {"l2": "ReduceL2", "l1": "ReduceL1", "max": "ReduceMax"}[norm]
    axes = graph.constant(list(range(1, len(shape) + 1)), "axes")
    length = graph.add(op, graph.add("Abs", x) if norm == "max" else x, axes, keepdims=1)
    none = graph.add("Equal", length, graph.constant(0.0, "zero", np.float64))
    return graph.add("Div", x, graph.add("Where", none, graph.constant(1.0, "one", np.float64), length)), shape


def _turned(matrix: str, *, back: bool = False) -> Lowering:
    """(x - mean) times a matrix; `back`: in the shape that x had."""

    def lower(
        graph: Graph, step: Preprocessor, learned: Mapping[str, Array], x: str, shape: Shape
    ) -> tuple[str, Shape]:
        flat = graph.reshape(x, [-1, prod(shape)])
        away = graph.add("Sub", flat, graph.constant(learned["mean"], f"{step.name}.mean"))
        turned = graph.add("MatMul", away, graph.constant(learned[matrix], f"{step.name}.{matrix}"))
        return (graph.reshape(turned, [-1, *shape]), shape) if back else (turned, (learned[matrix].shape[1],))

    return lower


STEPS: dict[str, Lowering] = {
    "center": _shifted("mean"),
    "standardize": _shifted("mean", "std"),
    "minmax": _shifted("min", "range"),
    "robust": _shifted("median", "range"),
    "fill": _fill,
    "normalize": _normalize,
    "pca": _turned("axes"),
    "whiten": _turned("matrix"),
    "zca": _turned("matrix", back=True),
}
