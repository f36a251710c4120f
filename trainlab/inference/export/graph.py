"""Builds an ONNX graph node by node. Values are referred to by name; arrays become initializers of the graph."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from trainlab import __version__
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Shape
from trainlab.engine.graph import Node

OPSET = 17  # old enough for the runtimes of docs/export.md
OLDEST = 13  # the first in which ReduceSum takes its axes as an input
_AXES_AS_INPUT = 18  # from here on the other reductions do so, too
_FAR = 1e3  # float32 keeps 7 digits: a feature that lies this many deviations from 0 has 4 left


def onnx() -> Any:
    """The package onnx. Raises UserError if it is not installed."""
    try:
        return import_module("onnx")
    except ImportError:
        raise UserError("to export, the package onnx is needed: pip install 'trainlab[onnx]'") from None


Params = Mapping[str, Array]


class Graph:
    """The nodes and initializers so far. `add` returns the name of the value that the new node computes.

    All numbers are float32, whole numbers int64: several runtimes have no operations for float64. `rows` is the fixed
    number of rows, or None if the file takes any number. `far` holds the indices of raw features that float32 rounds
    too much, because they lie far from 0 by the measure of their own spread.
    """

    def __init__(self, opset: int = OPSET, rows: int | None = None) -> None:
        self.onnx = onnx()
        newest = self.onnx.defs.onnx_opset_version()
        if not OLDEST <= opset <= newest:
            raise UserError(f"--opset {opset}: give a number from {OLDEST} to {newest}; without it, {OPSET}")
        self.opset, self.rows = opset, rows
        self.far: set[int] = set()
        self._nodes: list[Any] = []
        self._arrays: list[Any] = []
        self._names: dict[str, int] = {}

    def name(self, stem: str) -> str:
        """A unique name that starts with this stem."""
        number = self._names.get(stem, 0) + 1
        self._names[stem] = number
        return stem if number == 1 else f"{stem}_{number}"

    def constant(self, value: Array | float | Sequence[int], stem: str = "constant") -> str:
        """A constant array of the graph: whole numbers as int64, others as float32."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = self.name(stem)
        self._arrays.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def param(self, node: Node, params: Params, key: str) -> str:
        """A parameter of a layer, kept in the graph."""
        return self.constant(params[f"{node.name}.{key}"], f"{node.name}.{key}")

    def add(self, op: str, *inputs: str, stem: str = "", **attributes: Any) -> str:
        """Add a node with this operation; return the name of its output."""
        output = self.name(stem or op.lower())
        self._nodes.append(self.onnx.helper.make_node(op, list(inputs), [output], name=f"{op}:{output}", **attributes))
        return output

    def cast(self, x: str, dtype: type[np.generic]) -> str:
        """The same numbers in another type."""
        return self.add("Cast", x, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def reshape(self, x: str, *shape: int) -> str:
        """The same numbers with rows of another shape."""
        return self.add("Reshape", x, self.constant([self.rows or -1, *shape], "shape"))

    def reduce(self, op: str, x: str, axes: Sequence[int], *, keepdims: int = 1, stem: str = "") -> str:
        """x reduced over axes by ReduceSum, ReduceMean or ReduceMax, as this opset spells it."""
        if op != "ReduceSum" and self.opset < _AXES_AS_INPUT:
            return self.add(op, x, axes=list(axes), keepdims=keepdims, stem=stem)
        return self.add(op, x, self.constant(list(axes), "axes"), keepdims=keepdims, stem=stem)

    def minus(self, x: str, middle: Array, stem: str, spread: Array | None = None) -> str:
        """x - middle with the digits of float64: minus the nearest float32, then minus what that leaves.

        spread: the size of what is left (in units of x), by which a rest that changes nothing is left out.
        """
        near = middle.astype(np.float32)
        rest = middle - near.astype(np.float64)
        size = 1.0 if spread is None else np.maximum(np.abs(spread), np.finfo(np.float32).tiny)
        y = self.add("Sub", x, self.constant(near, stem))
        return self.add("Sub", y, self.constant(rest, f"{stem}.rest")) if np.any(np.abs(rest) > 1e-7 * size) else y

    def note_far(self, middle: Array, spread: Array) -> None:
        """Keep in `far` the raw features whose middle is far from 0 by the measure of their spread."""
        far = np.abs(middle) > _FAR * np.maximum(np.abs(spread), np.finfo(np.float32).tiny)
        self.far.update(np.flatnonzero(np.broadcast_to(far, middle.shape)).tolist())

    def sorted(self, x: str, count: int) -> str:
        """x (rows, k, count) with the numbers of its last axis in ascending order (OpenCV 4 has no such TopK)."""
        values = [self.add("Gather", x, self.constant([i], "place"), axis=2) for i in range(count)]
        for last in range(count - 1, 0, -1):
            for i in range(last):
                pair = values[i : i + 2]
                values[i : i + 2] = [self.add("Min", *pair), self.add("Max", *pair)]
        return self.add("Concat", *values, axis=2, stem="sorted") if count > 1 else x

    def as_index(self, condition: str) -> str:
        """1 where a condition holds, 0 where not, as int64: to tract a Cast of truth values is no int64."""
        return self.add("Where", condition, self.constant([1], "yes"), self.constant([0], "no"))

    def call(self, value: str, name: str) -> str:
        """The same value under another name."""
        self._nodes.append(self.onnx.helper.make_node("Identity", [value], [name], name=name))
        return name

    def model(
        self,
        inputs: Mapping[str, tuple[type[np.generic], Shape]],
        outputs: Mapping[str, tuple[type[np.generic], Shape]],
        facts: Mapping[str, str],
    ) -> Any:
        """The finished model, checked. Shapes are of a row."""
        made = self.onnx.helper

        def infos(values: Mapping[str, tuple[type[np.generic], Shape]]) -> list[Any]:
            return [
                made.make_tensor_value_info(
                    name, made.np_dtype_to_tensor_dtype(np.dtype(dtype)), [self.rows or "rows", *shape]
                )
                for name, (dtype, shape) in values.items()
            ]

        graph = made.make_graph(self._nodes, "trainlab", infos(inputs), infos(outputs), self._arrays)
        opsets = [made.make_opsetid("", self.opset)]
        model = made.make_model(
            graph,
            opset_imports=opsets,
            ir_version=made.find_min_ir_version_for(opsets),
            producer_name="trainlab",
            producer_version=__version__,
        )
        made.set_model_props(model, dict(facts))
        self.onnx.checker.check_model(model, full_check=True)
        return model
