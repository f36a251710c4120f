"""Builds an ONNX graph node by node. Values are referred to by name; arrays become initializers of the graph."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from trainlab import __version__
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Shape
from trainlab.engine.graph import Node

OPSET = 20  # the first with Gelu; onnxruntime 1.17 (2024) and later run it
_IR = 9  # the file format of its time


def onnx() -> Any:
    """The package onnx. Raises UserError if it is not installed."""
    try:
        return import_module("onnx")
    except ImportError:
        raise UserError("to export, the package onnx is needed: pip install 'trainlab[onnx]'") from None


Params = Mapping[str, Array]


class Graph:
    """The nodes and initializers so far. `add` returns the name of the value that the new node computes."""

    def __init__(self) -> None:
        self.onnx = onnx()
        self._nodes: list[Any] = []
        self._arrays: list[Any] = []
        self._names: dict[str, int] = {}

    def name(self, stem: str) -> str:
        """A unique name that starts with this stem."""
        number = self._names.get(stem, 0) + 1
        self._names[stem] = number
        return stem if number == 1 else f"{stem}_{number}"

    def constant(self, value: Array | float | Sequence[int], stem: str = "constant", dtype: Any = None) -> str:
        """A constant array of the graph; whole numbers as int64."""
        array = np.asarray(value, dtype)
        if array.dtype.kind == "i":
            array = array.astype(np.int64)
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

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """The same numbers in another shape; -1 for the number of rows."""
        return self.add("Reshape", x, self.constant(list(shape), "shape"))

    def call(self, value: str, name: str) -> str:
        """The same value under another name."""
        self._nodes.append(self.onnx.helper.make_node("Identity", [value], [name], name=f"Identity:{name}"))
        return name

    def model(
        self,
        inputs: Mapping[str, tuple[type[np.generic], Shape]],
        outputs: Mapping[str, tuple[type[np.generic], Shape]],
        facts: Mapping[str, str],
    ) -> Any:
        """The finished model, checked. Shapes are of a row; the number of rows is free."""
        made = self.onnx.helper

        def infos(values: Mapping[str, tuple[type[np.generic], Shape]]) -> list[Any]:
            return [
                made.make_tensor_value_info(name, made.np_dtype_to_tensor_dtype(np.dtype(dtype)), ["rows", *shape])
                for name, (dtype, shape) in values.items()
            ]

        graph = made.make_graph(self._nodes, "trainlab", infos(inputs), infos(outputs), self._arrays)
        model = made.make_model(
            graph,
            opset_imports=[made.make_opsetid("", OPSET)],
            ir_version=_IR,
            producer_name="trainlab",
            producer_version=__version__,
        )
        made.set_model_props(model, dict(facts))
        self.onnx.checker.check_model(model, full_check=True)
        return model
