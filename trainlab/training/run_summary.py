"""What a run writes before its first step: config.yaml, environment.json, network.json, data.json, defaults.json,
plugins.json.

Reports read run folders only, so layers, rows and defaults are written there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic.fields import FieldInfo

from trainlab.core.component import Component, Settings, plain
from trainlab.core.config import Document
from trainlab.core.dump import dump
from trainlab.core.types import Array
from trainlab.data.dataset import majority
from trainlab.data.lazy import LazyRows
from trainlab.engine.evaluator import compare
from trainlab.engine.graph import Node
from trainlab.engine.network import Net
from trainlab.store.columns import METRICS_OF
from trainlab.store.environment import describe, write_environment
from trainlab.store.folder import RunFolder
from trainlab.store.json_file import write_json
from trainlab.store.plugins import write_plugins
from trainlab.store.writing import write_atomic
from trainlab.training.experiment import Experiment
from trainlab.training.regions import has_regions, region_facts
from trainlab.training.setup import TrainingSetup

_UNEVEN = 0.99  # of ln C: below it a guess by the shares of the classes is told instead
_NUMBERS, _COLUMNS = 20_000, 50  # of the training data, in the summary of its columns


def write_start(
    folder: RunFolder,
    document: Document[Experiment],
    setup: TrainingSetup,
    baselines: Callable[[], Mapping[str, Any]],
    *,
    resumed: bool = False,
) -> None:
    """Writes the files; what `baselines` gives goes into data.json. Raises UserError if the disk refuses.

    resumed: only those that are not there; a run can be killed when it has its config and no more.
    """

    def due(file: Path) -> bool:
        return not (resumed and file.exists())

    settings = plain(setup.experiment)
    if not resumed and (document.file != folder.config or document.raw != settings):  # a trial's folder has its config
        write_atomic(folder.config, dump(settings).encode())
    if due(folder.environment):
        source = Path(document.file) if document.file else Path()
        data = {"fingerprint": setup.parts.fingerprint, "train_rows": len(setup.parts.train)}
        engine = setup.net.backend.describe()
        write_environment(folder.environment, describe(source.parent, data) | {"engine": engine})
    if due(folder.plugins):
        write_plugins(folder.path)
    if due(folder.network):
        origin = {"from": setup.taken.facts(setup.net)} if setup.taken is not None else {}
        write_json(folder.network, network_facts(setup.net) | origin)
    if due(folder.data):
        compared = baselines()
        write_json(folder.data, data_facts(setup) | ({"baselines": compared} if compared else {}))
    if due(folder.defaults):
        write_json(folder.defaults, dict(changed(setup.experiment)))


def network_facts(net: Net) -> dict[str, Any]:
    """Input, layers, and sums over them. `multiply_adds`: of the forward pass of one row."""
    layers = [_layer(node, depth, net.frozen) for top in net.nodes for node, depth in _walk(top, 0)]
    return {
        "input": list(net.shape),
        "output": list(net.out_shape),
        "parameters": net.size,
        "trained": net.trained,
        "multiply_adds": sum(layer["multiply_adds"] for layer in layers),
        "layers": layers,
    }


def data_facts(setup: TrainingSetup) -> dict[str, Any]:
    """The dataset: rows of each split, classes or targets, and the score of a guess."""
    parts, task = setup.parts, setup.parts.task
    rows = {"train": parts.train, "val": parts.val, "test": parts.test}
    facts: dict[str, Any] = {
        "source": setup.experiment.data.name,
        "kind": task.kind,
        "shape": list(parts.raw_train.shape[1:]) or list(parts.shape),
        "rows": {name: len(r) for name, r in rows.items() if r is not None},
        "chance": _chance(setup),
        "columns": _columns(parts.raw_train, parts.train.features),
        "notes": list(parts.notes),
        "best": {"metric": setup.best.metric, "why": setup.best.why},
        "lower_is_better": {f"val_{metric.column}": not metric.higher_is_better for metric in setup.metrics},
    }
    if has_regions(setup):
        facts["plane"] = region_facts(setup)
    if task.kind == "classification":
        facts["classes"] = list(task.names or map(str, range(task.outputs)))
        counts = {n: np.bincount(r.y, minlength=task.outputs).tolist() for n, r in rows.items() if r is not None}
        return facts | {"counts": counts, "ordered": task.ordered}
    if task.kind == "multilabel":
        facts["classes"] = list(task.names)
        return facts | {"counts": {n: r.y.sum(axis=0).astype(int).tolist() for n, r in rows.items() if r is not None}}
    y = np.asarray(parts.raw_y, np.float64).reshape(len(parts.raw_y), -1)
    names = task.names or [f"y{i + 1}" for i in range(y.shape[1])]
    return facts | {"targets": [_spread(name, y[:, i]) for i, name in enumerate(names)]}


def changed(settings: Settings, above: str = "") -> Iterator[tuple[str, Any]]:
    """The settings that differ from their defaults, by dotted path, each with its default; None where it has none."""
    for name, field in type(settings).model_fields.items():
        value, path = getattr(settings, name), f"{above}{field.alias or name}"
        default = None if field.is_required() else _default(field)
        if isinstance(value, Settings):
            if isinstance(value, Component) and getattr(default, "name", None) != value.name:
                yield f"{path}.name", default.name if isinstance(default, Component) else plain(default)
            if value != default:
                yield from changed(value, f"{path}.")
        elif value != default:
            yield path, plain(default)


def _default(field: FieldInfo) -> Any:
    """A setting's default."""
    make = cast("Callable[[], Any] | None", field.default_factory)
    return field.default if make is None else make()


def _layer(node: Node, depth: int, frozen: frozenset[str]) -> dict[str, Any]:
    """A layer's row: its own params only, inner layers have rows of their own."""
    settings = plain(node.layer)
    return {
        "name": node.name,
        "kind": node.layer.name,
        "depth": depth,
        "input": list(node.shape),
        "output": list(node.out_shape),
        "parameters": node.parameters,
        "frozen": node.name in frozen,
        "multiply_adds": node.multiply_adds,
        **({"range": list(node.layer.output_range)} if np.isfinite(node.layer.output_range).all() else {}),
        "settings": {k: v for k, v in settings.items() if k != "name" and isinstance(v, int | float | str)},
    }


def _walk(node: Node, depth: int) -> Iterator[tuple[Node, int]]:
    yield node, depth
    for branch in node.branches:
        for inner in branch:
            yield from _walk(inner, depth + 1)


def _chance(setup: TrainingSetup) -> dict[str, float]:
    """Loss and score of a constant prediction on the validation rows, or on the training rows without any.

    Where classes are uneven, a guess by their shares has a lower loss than ln C: the entropy of the shares.
    """
    t = setup.t_train if setup.t_val is None else setup.t_val
    task, rows, loss = setup.parts.task, setup.parts.val or setup.parts.train, setup.config.loss
    chance = float(loss.chance(t, task))
    if task.kind == "classification":
        shares = np.bincount(setup.parts.train.y, minlength=task.outputs) / len(setup.parts.train)
        if shares.all() and loss.probabilities(np.zeros((1, loss.units(task)))) is not None:
            y = loss.outputs_of(np.tile(shares, (len(t), 1)), task).astype(setup.net.dtype)
            informed = compare(loss, y, t, regression=False).loss
            chance = informed if informed < _UNEVEN * chance else chance
    return {"loss": chance, METRICS_OF[task.kind]: majority(rows.y, task)}


def _columns(x: Array | LazyRows, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Range, mean and spread of each column of a table, of an image's pixels together."""
    if not len(x):
        return []
    count = max(50, _NUMBERS // prod(x.shape[1:]))
    rows = np.asarray(x[:: max(1, len(x) // count)], np.float64)
    if rows.ndim > 2:
        return [_spread("pixels", rows.ravel())]
    return [
        _spread(names[i] if i < len(names) else f"x{i + 1}", rows[:, i])
        for i in range(min(rows.shape[-1], _COLUMNS) if rows.ndim == 2 else 0)
    ]


def _spread(name: str, values: Array) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    if not len(known):
        return {"name": name}
    with np.errstate(all="ignore"):
        low, high, mean, std = (float(v) for v in (known.min(), known.max(), known.mean(), known.std()))
    return {"name": name, "min": low, "max": high, "mean": mean, "std": std}
