"""A trained network as a PyTorch module that a person can read and change: source text, and its weights beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import numpy as np
from safetensors.numpy import save

from trainlab.core.errors import UserError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.encoding import feature_names
from trainlab.data.preprocessing import CHOSEN
from trainlab.engine.graph import Node
from trainlab.inference.ensemble.ensemble import Ensemble
from trainlab.inference.export.checking import require_finite
from trainlab.inference.export.export import raw_shape
from trainlab.inference.export.losses import require_known
from trainlab.inference.export.torch_head import averaged, combined, head
from trainlab.inference.loading import load_model
from trainlab.inference.model import TrainedNetwork, Weights
from trainlab.store.writing import write_output

_WIDTH = 100  # of a line with a list in it
_TO_CHOSEN = '''class OnColumns(nn.Module):
    """A module on some columns: its outputs in their places, or in front of the others if the width changes."""

    def __init__(self, module, columns):
        super().__init__()
        self.module, self.columns = module, columns

    def forward(self, x):
        made = self.module(x[:, self.columns])
        if made.shape[1] == len(self.columns):
            return x.index_copy(1, torch.tensor(self.columns, device=x.device), made)
        others = [i for i in range(x.shape[1]) if i not in self.columns]
        return torch.cat([made, x[:, others]], 1)
'''


@dataclass(frozen=True)
class TorchModule:
    """The source text and the state dict of a network."""

    source: str
    state: Mapping[str, Array]


def export_torch(run: Path | str, file: Path, *, weights: Weights = "best", runs: Path = Path("runs")) -> Path:
    """Write the network of a run as FILE.py and FILE.safetensors; the path of the latter.

    Raises UserError for a component that has no such source, and if the file's name is no Python name.
    """
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise UserError(f"--torch {file}: expected the name of a Python module, such as network.py")
    name, model = load_model(run, runs, weights)
    beside = file.with_suffix(".safetensors")
    module = as_torch(model, name, beside.name)
    write_output(beside, save({key: np.ascontiguousarray(a) for key, a in module.state.items()}))
    write_output(file, module.source.encode(errors="backslashreplace"))
    return beside


@dataclass(frozen=True)
class _Class:
    """A class of the written module: what it is, the lines that make and that use its parts, and its arrays."""

    name: str
    doc: str
    made: Sequence[str]
    forward: Sequence[str]
    head: str
    state: Mapping[str, Array]
    classes: Mapping[str, str]  # sources of the classes that it uses

    def source(self) -> str:
        """The text of the class."""
        made, forward = (indent("\n".join(lines), " " * 8) for lines in (self.made, self.forward))
        return f'''class {self.name}(nn.Module):
    """{self.doc}"""

    def __init__(self):
        super().__init__()
{made}

    def forward(self, x):
{forward}

{self.head}
'''


def as_torch(model: TrainedNetwork | Ensemble, name: str, weights: str) -> TorchModule:
    """The module of a model. name: of the run · weights: the name of the file with the state dict.

    Raises UserError for a component that has no such source, and for weights that are not finite.
    """
    require_known(model.loss, model.task)
    require_finite([model] if isinstance(model, TrainedNetwork) else model.members)
    made = _network(model, "Network") if isinstance(model, TrainedNetwork) else _ensemble(model)
    return TorchModule(_source(model, name, weights, [*made.classes.values(), made.source()]), made.state)


def _network(network: TrainedNetwork, name: str) -> _Class:
    nodes = network.net.nodes
    prepared, shape = _preprocessing(network)
    wanted = nodes[0].shape
    lines, state = ["x = self.preprocess(x.double()).float()"], _prefixed("preprocess", prepared.state)
    if shape != wanted:
        lines.append(f"x = x.reshape(len(x), {', '.join(map(str, wanted))})")
    if len(wanted) == 3:
        lines.append("x = x.permute(0, 3, 1, 2)  # channels first")
    made, classes = [f"self.preprocess = {prepared.module}"], dict(prepared.classes)
    for node in nodes:
        code = _code(node, network.net.params)
        made.append(f"self.{node.name} = {code.module}")
        lines.append(f"x = self.{node.name}(x)")
        state |= _prefixed(node.name, code.state)
        classes |= code.classes
    temperature = network.decision.temperature
    lines += averaged(network)
    lines.append(f"return x / {temperature.value!r}" if temperature is not None else "return x")
    doc = "Raw rows to outputs: the preprocessing, then the layers."
    return _Class(name, doc, made, lines, head(network), state, classes)


def _ensemble(ensemble: Ensemble) -> _Class:
    """Networks as classes of their own, and the one that combines them."""
    parts = [_network(member, f"Member{i}") for i, member in enumerate(ensemble.members, 1)]
    made = [f"self.member{i} = {part.name}()" for i, part in enumerate(parts, 1)]
    state = {key: a for i, part in enumerate(parts, 1) for key, a in _prefixed(f"member{i}", part.state).items()}
    classes = {key: text for part in parts for key, text in part.classes.items()}
    classes |= {part.name: part.source() for part in parts}
    doc = f"Several networks, combined by {ensemble.method}. To train on, train its members."
    return _Class("Network", doc, made, combined(ensemble), head(ensemble), state, classes)


def _source(model: TrainedNetwork | Ensemble, name: str, weights: str, parts: Sequence[str]) -> str:
    rows = ", ".join(["rows", *map(str, raw_shape(model.encoding))])
    names = list(model.classes or model.targets)
    features = feature_names(dict(model.encoding))
    columns = f"\nFEATURES = {_listed(features)}  # the columns of x" if features else ""
    stem = weights.removesuffix(".safetensors")
    classes = "".join(f"\n\n{text.rstrip()}\n" for text in parts)
    return f'''"""The network of the run {name}, written by `trainlab export --torch`.

    from {stem} import load
    network = load()
    classes_or_numbers = network.predict(x)    # x: ({rows}), as the data source returns them

Its weights are in {weights}, in the layout of PyTorch. `forward` gives the outputs that the loss was computed from.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

NAMES = {_listed(names)}  # of the classes or targets{columns}
{classes}

def load(file=Path(__file__).with_name("{weights}")):
    """The network with its trained weights, for evaluation; `.train()` goes on training."""
    network = Network()
    network.load_state_dict(load_file(file))
    return network.eval()
'''


def _listed(names: Sequence[str]) -> str:
    """A list of names as source text: in one line, or one name a line."""
    line = repr([*names])
    if len(line) <= _WIDTH:
        return line
    lines = "".join(f"    {name!r},\n" for name in names)
    return f"[\n{lines}]"


def _code(node: Node, params: Mapping[str, Array]) -> TorchCode:
    """The source of a layer. Raises UserError if it has none."""
    try:
        if node.branches:
            return node.layer.torch_join([_chain(branch, params) for branch in node.branches])
        return node.layer.torch_code(node.shape, {key: params[f"{node.name}.{key}"] for key in node.params})
    except NotImplementedError:
        raise UserError(f"{node.name}: the layer `{node.layer.name}` cannot be written as a PyTorch module") from None


def _chain(nodes: Sequence[Node], params: Mapping[str, Array]) -> TorchCode:
    return _sequence([_code(node, params) for node in nodes])


def _sequence(codes: Sequence[TorchCode]) -> TorchCode:
    """Modules one after the other."""
    state = {f"{i}.{key}": a for i, code in enumerate(codes) for key, a in code.state.items()}
    classes = {key: text for code in codes for key, text in code.classes.items()}
    modules = [code.module for code in codes]
    line = f"nn.Sequential({', '.join(modules)})"
    lines = indent(",\n".join(modules), "    ")
    return TorchCode(line if len(line) <= _WIDTH else f"nn.Sequential(\n{lines},\n)", state, classes)


def _prefixed(name: str, state: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{name}.{key}": a for key, a in state.items()}


def _preprocessing(network: TrainedNetwork) -> tuple[TorchCode, Shape]:
    """The preprocessing of raw rows, and the shape of a row after it. Raises UserError if a step has no source."""
    shape, codes = raw_shape(network.encoding), list[TorchCode]()
    sample = np.zeros((1, *shape))
    for i, step in enumerate(network.experiment.data.preprocess):
        prefix = f"{i}.{step.name}."
        learned = {k.removeprefix(prefix): a for k, a in network.fitted.items() if k.startswith(prefix)}
        chosen = learned.pop(CHOSEN, None)
        own: list[int] = np.flatnonzero(np.ones(shape[0]) if chosen is None else chosen).tolist()
        if not own:
            continue
        some = sample if chosen is None else sample[:, own]
        try:
            code = step.torch_code(some.shape[1:], learned)
        except NotImplementedError:
            raise UserError(f"data.preprocess: `{step.name}` cannot be written as a PyTorch module") from None
        made = step.apply(some, learned)
        if chosen is not None:
            code, made = _on_columns(code, sample, made, own)
        codes.append(code)
        sample = made
        shape = sample.shape[1:]
    return (_sequence(codes) if codes else TorchCode("nn.Identity()")), shape


def _on_columns(code: TorchCode, sample: Array, made: Array, own: list[int]) -> tuple[TorchCode, Array]:
    """A step of some columns of rows like the sample; made: what the step makes of them."""
    others = sorted(set(range(sample.shape[1])) - set(own))
    text = f"OnColumns({code.module}, {own})"
    joined = np.hstack([made, sample[:, others]])
    state = {f"module.{key}": a for key, a in code.state.items()}
    return TorchCode(text, state, {**code.classes, "OnColumns": _TO_CHOSEN}), joined
