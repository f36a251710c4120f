"""The first differences between two runs: config key, step, layer and quantity, epoch, weights.

The first difference is closest to the cause; later ones follow from it. Numbers are compared bit for bit and with a
tolerance, because two healthy runs may differ in their last digits only.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from trainlab.core.dotted import flat
from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.report.compare import differing
from trainlab.store import checkpoint
from trainlab.store.columns import LAYER_COLUMNS
from trainlab.store.opening import LARGEST_TABLE, read_own
from trainlab.store.reading import RunRecord
from trainlab.store.rows import read_layers, read_metrics, read_steps
from trainlab.store.strict_json import loads

TOLERANCE = 1e-3
_ONLY_WORDS = ("name", "description")  # config keys on which no number depends
_IGNORED = ("seconds",)  # columns of time, which always differ
_APART = ("time", "folder", "command", "git")  # of environment.json: where and when, not how

Cell = tuple[tuple[int | str, ...], str, float]  # place (a step; a step and a layer; an epoch), quantity, value


@dataclass(frozen=True, slots=True)
class Parting:
    """The first place at which two files have different numbers: `first` and `second`."""

    place: tuple[int | str, ...]
    quantity: str
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two files of numbers: how many numbers both have, and where they first differ (exactly; beyond the tolerance).

    `only`: how many numbers only the first, only the second run has. `problem`: why they could not be compared.
    """

    shared: int = 0
    exact: Parting | None = None
    beyond: Parting | None = None
    only: tuple[int, int] = (0, 0)
    problem: str = ""

    @property
    def same(self) -> bool:
        """Whether the files hold the same numbers, bit for bit, at the same places."""
        return self.exact is None and self.only == (0, 0) and not self.problem


@dataclass(frozen=True, slots=True)
class Difference:
    """All differences of two runs. config, environment: key -> the two values; a key that one run lacks is absent."""

    names: tuple[str, str]
    tolerance: float
    config: Mapping[str, Mapping[str, Any]]
    environment: Mapping[str, Mapping[str, Any]]
    steps: Compared
    layers: Compared
    epochs: Compared
    weights: Compared
    findings: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def telling(self) -> list[str]:
        """The config keys that differ and that numbers depend on."""
        return [key for key in self.config if key not in _ONLY_WORDS]

    @property
    def identical(self) -> bool:
        """Whether all records of the two runs except times and names are the same bit for bit."""
        same = self.steps.same and self.layers.same and self.epochs.same and self.weights.same
        return same and not self.telling and self.findings[0] == self.findings[1]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"identical": self.identical, **asdict(self)}


def difference(one: RunRecord, two: RunRecord, *, tolerance: float = TOLERANCE) -> Difference:
    """Compare two runs by their folders. Numbers within the relative `tolerance` count as close."""

    def compared(read: Callable[[RunRecord], Iterator[Cell]]) -> Compared:
        return _or_problem(lambda: _compared(read(one), read(two), tolerance))

    return Difference(
        (one.name, two.name),
        tolerance,
        _both(flat(one.config), flat(two.config), list(differing([one, two]))),
        _environment(one, two),
        compared(_steps),
        compared(_layers),
        compared(_epochs),
        _or_problem(lambda: _weights(one, two, tolerance)),
        (_codes(one), _codes(two)),
    )


def _or_problem(compare: Callable[[], Compared]) -> Compared:
    try:
        return compare()
    except UserError as error:
        return Compared(problem=str(error))


def _compared(one: Iterator[Cell], two: Iterator[Cell], tolerance: float) -> Compared:
    """The first cells of `one`, in its order, that differ from those of `two`."""
    others = {(place, quantity): value for place, quantity, value in two}
    exact = beyond = None
    shared = alone = 0
    for place, quantity, value in one:
        other = others.get((place, quantity))
        if other is None:
            alone += 1
            continue
        shared += 1
        if beyond is None and not _same(value, other):
            exact = exact or Parting(place, quantity, value, other)
            if not _near(value, other, tolerance):
                beyond = Parting(place, quantity, value, other)
    return Compared(shared, exact, beyond, (alone, len(others) - shared))


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _near(a: float, b: float, tolerance: float) -> bool:
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= tolerance * max(abs(a), abs(b))


def _steps(run: RunRecord) -> Iterator[Cell]:
    yield from _wide(read_steps(run.folder.steps), "step")


def _epochs(run: RunRecord) -> Iterator[Cell]:
    yield from _wide(read_metrics(run.folder.metrics), "epoch")


def _wide(columns: Mapping[str, Sequence[Any]], key: str) -> Iterator[Cell]:
    """The cells of a table with a row per step or epoch, row by row."""
    names = [name for name in columns if name not in (key, *_IGNORED)]
    for i, place in enumerate(columns.get(key, ())):
        yield from (((place,), name, float(columns[name][i])) for name in names if columns[name][i] is not None)


def _layers(run: RunRecord) -> Iterator[Cell]:
    table = read_layers(run.folder.layers)
    columns = (table.get(name, []) for name in LAYER_COLUMNS)
    for step, layer, quantity, value in zip(*columns, strict=True):
        if value is not None:
            yield (step, layer), quantity, float(value)


def _weights(one: RunRecord, two: RunRecord, tolerance: float) -> Compared:
    """The first array of the last checkpoints that differs, at the coordinate where it differs most."""
    arrays, others = _parameters(one), _parameters(two)
    common = {name: a for name, a in arrays.items() if name in others and others[name].shape == a.shape}
    exact = beyond = None
    for name, a in common.items():
        b = others[name]
        if beyond is None and a.tobytes() != b.tobytes():
            apart = np.abs(a.astype(np.float64) - b)
            most = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
            at = tuple(int(i) for i in np.unravel_index(most, a.shape))
            parting = Parting((name, *at), "value", float(a[at]), float(b[at]))
            exact = exact or parting
            scale = max(float(np.abs(a).max()), float(np.abs(b).max()))
            beyond = parting if not float(apart[at]) <= tolerance * scale else None
    alone = tuple(sum(a.size for name, a in side.items() if name not in common) for side in (arrays, others))
    return Compared(sum(a.size for a in common.values()), exact, beyond, (alone[0], alone[1]))


def _parameters(run: RunRecord) -> dict[str, Array]:
    """The network's own arrays, `dense1.W`, in the last checkpoint."""
    arrays, _ = checkpoint.load(run.folder.checkpoints / "last.safetensors")
    others = ("optimizer.", "data.", "steps.")
    return {name: arrays[name] for name in sorted(arrays) if "." in name and not name.startswith(others)}


def _both(one: Mapping[str, Any], two: Mapping[str, Any], keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    sides = {"first": one, "second": two}
    return {key: {side: values[key] for side, values in sides.items() if key in values} for key in keys}


def _environment(one: RunRecord, two: RunRecord) -> dict[str, dict[str, Any]]:
    """Versions, machine and data of the two runs, where they differ; nothing where one has no such file."""
    found = [_described(run.folder.environment) for run in (one, two)]
    if not all(found):
        return {}
    keys = dict.fromkeys(key for side in found for key in side)
    return _both(found[0], found[1], [k for k in keys if found[0].get(k) != found[1].get(k)])


def _described(path: Path) -> dict[str, Any]:
    try:
        read: Any = loads(read_own(path, LARGEST_TABLE))
    except (OSError, ValueError):
        return {}
    table = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    return flat({key: value for key, value in table.items() if key not in _APART})


def _codes(run: RunRecord) -> tuple[str, ...]:
    """The findings: `dead-relu (warning, step 40)`."""
    return tuple(f"{f.get('code')} ({f.get('severity')}, step {f.get('step')})" for f in run.findings)
