"""Transfer learning: weights of another run or file (`model.from`), new layers, and layers that are not trained.

Arrays are matched by name (`dense1.W`). Those of a PyTorch file (`dense1.weight`) are turned into trainlab's layout.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.home import expanded
from trainlab.core.problem import ConfigError, Problem, listed, nearest
from trainlab.core.types import Array
from trainlab.engine.graph import Node
from trainlab.engine.network import Net
from trainlab.nn.layers.dense import Dense
from trainlab.nn.model import Model
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.training.experiment import Experiment

E = TypeVar("E", bound=Experiment)
RUNS = Path("runs")  # where a run is looked for by its name alone
_TORCH = {"W": "weight", "b": "bias", "scale": "weight", "shift": "bias", "mean": "running_mean", "var": "running_var"}


@dataclass(frozen=True, slots=True)
class Taken:
    """Arrays that a network takes over, by name, and where they are from: a checkpoint or another file."""

    file: Path
    arrays: Mapping[str, Array]

    @property
    def layers(self) -> list[str]:
        """The layers whose arrays these are, in their order."""
        return list(dict.fromkeys(name.rpartition(".")[0] for name in self.arrays))

    def facts(self, net: Net) -> dict[str, Any]:
        """What network.json says of it: `file`, `taken`, `new` and `frozen` layers."""
        new = [n.name for n in _with_arrays(net.nodes) if n.name not in self.layers]
        still = [n.name for n in _with_arrays(net.nodes) if n.name in net.frozen]
        return {"file": str(self.file), "taken": self.layers, "new": new, "frozen": still}

    def sentence(self, net: Net) -> str:
        """The same in words."""
        facts = self.facts(net)
        still = f"; frozen: {', '.join(facts['frozen'])}" if facts["frozen"] else ""
        taken, new = (", ".join(facts[key]) or "none" for key in ("taken", "new"))
        return f"Weights from {self.file}: {taken}; new: {new}{still}."


def located(document: Document[E], runs: Path) -> Document[E]:
    """The config with the path of the run that `model.from` names, if it is one of this folder of runs."""
    given = document.value.model.source
    if given is None or expanded(given).exists() or not (runs / given).is_dir():
        return document
    model = document.value.model.model_copy(update={"source": str(runs / given)})
    return replace(document, value=document.value.model_copy(update={"model": model}))


def frozen(model: Model, nodes: Sequence[Node]) -> list[str | int]:
    """The layers that are not trained: names, and indices over the layers with weights."""
    new = _new(model, nodes)
    named = [n.name for n in _with_arrays(nodes) if model.freeze == "all" and n.name not in new]
    if model.freeze != "all":
        named = [n.name for n in _with_arrays(nodes) if _covers(model.freeze, n.name)]
    return [*named, *model.frozen]


def name_problems(document: Document[Experiment], nodes: Sequence[Node]) -> list[Problem]:
    """Names of layers that the network does not have, and a network without any layer that is trained."""
    experiment, there = document.value, [inner.name for top in nodes for inner in top.walk()]
    model, have = experiment.model, [n.name for n in _with_arrays(nodes)]
    wanted: dict[tuple[str | int, ...], str] = {}
    for key, value in (("new_layers", model.new_layers), ("freeze", model.freeze)):
        if not isinstance(value, str):
            wanted |= {("model", key, i): name for i, name in enumerate(value)}
    wanted |= {("optimizer", "lr_factors", "by_layer", name): name for name in experiment.optimizer.lr_factors.by_layer}
    problems: list[Problem] = []
    for path, name in wanted.items():
        if not any(_covers([name], other) for other in have):
            near = nearest(name, have)
            what = f"`{name}` has no parameters" if name in there else f"there is no layer `{name}`"
            meant = f"did you mean `{near}`?" if near else f"layers with parameters are {listed(have)}"
            problems.append(document.problem(path, f"{what}; {meant}", nearest=near))
    still = {place for place in frozen(model, nodes) if isinstance(place, str)}
    if model.freeze and have and not problems and still >= set(have):
        message = "no layer is left to train; leave out one, or name the layers that start anew in `new_layers`"
        problems.append(document.problem("model.freeze", message))
    if model.source is None and model.new_layers != "head":
        problems.append(document.problem("model.new_layers", "all layers are new without `from`"))
    return problems


def take(document: Document[Experiment], net: Net) -> Taken | None:
    """What the network takes from `model.from`; None without it.

    Raises ConfigError with every layer that does not fit.
    """
    model = document.value.model
    if model.source is None:
        return None
    try:
        file, arrays = _read(model.source)
    except UserError as error:
        raise document.error("model.from", str(error)) from None
    new, arrays_of, problems = _new(model, net.nodes), dict[str, Array](), list[Problem]()
    nodes = [node for node in _with_arrays(net.nodes) if node.name not in new]
    for node, before in _with_before(net, nodes):
        wrong: list[str] = []
        for key, param in node.params.items():
            name, found = f"{node.name}.{key}", _array(node, key, before, arrays, file.suffix)
            if found is None:
                wrong.append(f"there is no `{name}`")
            elif found.shape != param.shape:
                wrong.append(f"{key} {param.shape} here, {found.shape} there")
            elif found.dtype.kind != "f" or not np.isfinite(found).all():
                held = "nan or inf" if found.dtype.kind == "f" else f"{found.dtype} numbers"
                wrong.append(f"{key} holds {held} there")
            else:
                arrays_of[name] = found
        if wrong:
            problems.append(document.problem("model.from", f"{node.name}: {'; '.join(wrong)}"))
    if problems:
        layers = sorted({name.rpartition(".")[0] for name in arrays if not name.startswith(("data.", "steps."))})
        inner = next((name for name in layers for n in nodes if name.endswith(f".{n.name}")), "")
        advice = f"save them without `{inner.rpartition('.')[0]}.` before their names, " if inner else ""
        advice += "name the layers that shall start anew in `model.new_layers`, or change their shapes"
        problems.append(document.problem("model.from", f"{file} holds {', '.join(layers)}; {advice}"))
        raise ConfigError(problems)
    return Taken(file, arrays_of)


def _new(model: Model, nodes: Sequence[Node]) -> set[str]:
    """The layers that start by their init."""
    have = _with_arrays(nodes)
    if model.new_layers == "head":
        return {n.name for n in [n for n in have if n.weights][-1:]}
    return {n.name for n in have if _covers(model.new_layers, n.name)}


def _with_arrays(nodes: Sequence[Node]) -> list[Node]:
    return [inner for top in nodes for inner in top.walk() if inner.params]


def _covers(names: Sequence[str], layer: str) -> bool:
    """Whether a layer, or one that it is inside of, is among these."""
    return any(layer == name or layer.startswith(f"{name}.") for name in names)


def _with_before(net: Net, nodes: Sequence[Node]) -> Iterator[tuple[Node, Node | None]]:
    """Each node with the top node before it."""
    before = dict(zip([n.name for n in net.nodes[1:]], net.nodes, strict=False))
    for node in nodes:
        yield node, before.get(node.name)


def _read(given: str) -> tuple[Path, dict[str, Array]]:
    """The file that is meant, and its arrays by name. Raises UserError."""
    path = expanded(given)
    if path.suffix in (".safetensors", ".onnx"):
        if not path.is_file():
            raise UserError(f"{given}: no such file")
        return path, _onnx(path) if path.suffix == ".onnx" else checkpoint.load_arrays(path)
    if path.is_file():
        raise UserError(
            f"{given}: weights are read from a run, a .safetensors or an .onnx file; PyTorch saves one by "
            "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
        )
    folder = RunFolder.open(given, RUNS)
    best = folder.checkpoints / "best.safetensors"
    if not best.exists():
        raise UserError(f"{folder.path}: this run has no best weights (yet)")
    return best, checkpoint.load(best)[0]


def _onnx(path: Path) -> dict[str, Array]:
    try:
        onnx = cast(Any, import_module("onnx"))
    except ImportError:
        raise UserError(f"{path}: the package onnx is needed to read it: pip install 'trainlab[onnx]'") from None
    try:
        graph = onnx.load(str(path)).graph
        if any(isinstance(tensor.name, bytes) for tensor in graph.initializer):
            raise ValueError("protobuf gives a name that is no UTF-8 as bytes")
        arrays = {tensor.name: np.array(onnx.numpy_helper.to_array(tensor)) for tensor in graph.initializer}
        return arrays | dict(_turned(graph.node, arrays))
    except Exception as error:  # protobuf and onnx have a dozen kinds
        raise UserError(f"{path}: not a readable ONNX file ({type(error).__name__})") from error


def _turned(nodes: Sequence[Any], arrays: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """The matrices whose layout is not that of their name. A square one fits either way, so the operation that uses it
    decides: `W` is (inputs, outputs), PyTorch's `weight` (outputs, inputs).
    """
    for node in nodes:
        name = node.input[1] if node.op_type in ("Gemm", "MatMul") and len(node.input) > 1 else ""
        if name not in arrays or arrays[name].ndim != 2:
            continue
        outputs_first = any(given.name == "transB" and given.i for given in node.attribute)
        if outputs_first != name.endswith(".weight"):
            yield name, arrays[name].T


def _array(node: Node, key: str, before: Node | None, arrays: Mapping[str, Array], suffix: str) -> Array | None:
    """The array of a layer's param in trainlab's layout; None if there is none."""
    if (own := arrays.get(f"{node.name}.{key}")) is not None:
        if key == "W" and suffix == ".onnx":
            if own.ndim == 4:
                return own.transpose(2, 3, 1, 0)
            return _unscaled(node, own)
        return own
    theirs = arrays.get(f"{node.name}.{_TORCH.get(key)}")
    if theirs is None or key != "W":
        return theirs
    if theirs.ndim == 4:  # (filters, channels, height, width)
        return theirs.transpose(2, 3, 1, 0)
    if before is not None and before.layer.name == "flatten" and len(before.shape) == 3 and theirs.ndim == 2:
        height, width, channels = before.shape  # PyTorch flattens images channel by channel
        if theirs.shape[1] == height * width * channels:
            apart = theirs.reshape(-1, channels, height, width)
            return apart.transpose(2, 3, 1, 0).reshape(height * width * channels, -1)
    return _unscaled(node, theirs.T)


def _unscaled(node: Node, weights: Array) -> Array:
    """The weights (inputs, outputs) of a dense layer as it stores them: with `ntk` it divides them when it computes."""
    return weights * len(weights) ** 0.5 if isinstance(node.layer, Dense) and node.layer.ntk else weights
