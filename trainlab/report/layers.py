"""The layers of a run as a table: parameters, output statistics, gradient norm, update ratio, findings."""

import csv
import io
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from trainlab.core.errors import UserError
from trainlab.report.grid import Column, grid
from trainlab.report.text import number
from trainlab.store import checkpoint
from trainlab.store.columns import LAYER_COLUMNS
from trainlab.store.opening import reading
from trainlab.store.reading import RunRecord

if TYPE_CHECKING:
    from trainlab.store.folder import RunFolder

_LAST = ("std", "dead", "saturated", "grad_norm", "weight_norm")  # quantities shown with their last value
_MEASURED = ("mean", "var")  # running statistics of a norm layer: stored with its parameters, but not learned
_LONGEST_HEAD = 1 << 10  # bytes: a longer first line is no header of ours
_TAIL = 1 << 22  # bytes of layers.csv that are read: about the last 100 000 rows


@dataclass(slots=True)
class Layer:
    """One layer: its parameters, its last values by quantity, its update ratios, the codes of its findings."""

    name: str
    parameters: int | None = None
    last: dict[str, float] = field(default_factory=dict[str, float])
    ratios: list[float] = field(default_factory=list[float])
    codes: tuple[str, ...] = ()

    @property
    def update_ratio(self) -> float | None:
        """The median of the update ratio over the run: at its end many schedules have nothing left."""
        finite = [r for r in self.ratios if math.isfinite(r)]
        return median(finite) if finite else None

    def as_dict(self) -> dict[str, object]:
        """The layer as plain data."""
        return {
            "layer": self.name,
            "parameters": self.parameters,
            **{quantity: self.last.get(quantity) for quantity in _LAST},
            "update_ratio": self.update_ratio,
            "codes": list(self.codes),
        }


def layers_of(record: RunRecord) -> list[Layer]:
    """The layers in order; empty if nothing was measured."""
    made: dict[str, Layer] = {}
    for name, quantity, value in _measured(record.folder):
        layer = made.setdefault(name, Layer(name))
        if quantity == "update_ratio":
            layer.ratios.append(value)
        elif quantity in _LAST:
            layer.last[quantity] = value
    for name, count in _parameters(record.folder).items():
        if name in made:
            made[name].parameters = count
    for finding in record.findings:
        name, code = str(finding.get("layer") or ""), str(finding.get("code", "?"))
        if name in made and code not in made[name].codes:
            made[name].codes += (code,)
    return list(made.values())


def layer_table(record: RunRecord, *, width: int, ascii_only: bool = False, color: bool = False) -> list[str]:
    """The lines of the table; columns that do not fit are left out."""
    layers = layers_of(record)
    return grid(columns(layers), width=width, ascii_only=ascii_only, color=color) if layers else []


def columns(layers: list[Layer]) -> list[Column]:
    """The table by column; the update ratio is the median over the run, the rest are the last inspection's values."""
    return [
        Column("layer", [layer.name for layer in layers], right=False),
        Column("parameters", ["" if n.parameters is None else f"{n.parameters:,}" for n in layers], 6),
        Column("out std", [number(layer.last.get("std")) for layer in layers], 5),
        Column("dead", [_share(layer.last, "dead") for layer in layers], 2),
        Column("saturated", [_share(layer.last, "saturated") for layer in layers], 4),
        Column("grad norm", [_short(layer.last.get("grad_norm")) for layer in layers], 4),
        Column("update:weight", [_short(layer.update_ratio) for layer in layers], 1),
        Column("findings", [", ".join(layer.codes) for layer in layers], 3, right=False),
    ]


def _share(values: Mapping[str, float], quantity: str) -> str:
    value = values.get(quantity)
    return "" if value is None or not math.isfinite(value) else f"{100 * value:.0f} %"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _measured(folder: "RunFolder") -> list[tuple[str, str, float]]:
    """Layer, quantity and value of the last rows of layers.csv; malformed rows are skipped."""
    try:
        with reading(folder.layers) as file:
            head = file.readline(_LONGEST_HEAD)
            if head.decode(errors="replace").strip() != ",".join(LAYER_COLUMNS):
                return []
            start = file.seek(max(len(head), file.seek(0, io.SEEK_END) - _TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    kept: list[tuple[str, str, float]] = []
    with suppress(csv.Error):
        for row in csv.reader(io.StringIO(text if start == len(head) else text.partition("\n")[2], newline="")):
            if len(row) == len(LAYER_COLUMNS) and not row[2].startswith("bin"):
                with suppress(ValueError):
                    kept.append((row[1], row[2], float(row[3])))
    return kept


def _parameters(folder: "RunFolder") -> dict[str, int]:
    """The number of parameters of each layer, by the names in the last checkpoint."""
    counts: dict[str, int] = {}
    try:
        shapes = checkpoint.shapes(folder.checkpoints / "last.safetensors")
    except UserError:
        return {}
    for name, shape in shapes.items():
        layer, _, own = name.rpartition(".")
        if own in _MEASURED:
            continue
        counts[layer] = counts.get(layer, 0) + math.prod(shape)
    return counts
