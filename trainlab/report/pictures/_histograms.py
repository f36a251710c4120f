"""The histograms in layers.csv: of each layer's outputs, weights and gradients, moment by moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf, sqrt

from trainlab.report.json_fields import numbers, tables
from trainlab.report.pictures._layers import Series, measured
from trainlab.report.pictures.numbers import readable, share
from trainlab.store.columns import histogram_of, histogram_part
from trainlab.store.reading import RunRecord

Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Histogram:
    """The numbers of one layer at one moment.

    edges: of the bins, one more than there are shares · std, mean: of all numbers · note: what else is known of them
    (`12 % saturated`) · bounds: between which outputs of this layer always lie; infinite where there is no bound.
    """

    layer: str
    edges: Sequence[float]
    shares: Sequence[float]
    mean: float
    std: float
    note: str = ""
    bounds: Bounds = (-inf, inf)

    @property
    def range(self) -> Bounds:
        """What is drawn: from the lowest to the highest number, and to the bound that they come near."""
        low, high = self.edges[0], self.edges[-1]
        near = 0.05 * (self.bounds[1] - self.bounds[0])
        touched = low - self.bounds[0] < near or self.bounds[1] - high < near
        return self.bounds if near < inf and touched else (low, high)

    @property
    def title(self) -> str:
        """The layer with the numbers that sum it up."""
        return " · ".join(filter(None, [self.layer, f"std {readable(self.std)}", self.note]))


Moments = dict[float, list[Histogram]]  # by epoch: the layers in their order


@lru_cache(maxsize=2)
def moments(record: RunRecord) -> Mapping[str, Moments]:
    """The histograms of outputs, weights and gradients, of each that there are any of."""
    found, parts = measured(record), dict[tuple[str, float, str], dict[str, float]]()
    for quantity, layers in found.items():
        if (part := histogram_part(quantity)) is None:
            continue
        for layer, (xs, ys) in layers.items():
            for x, y in zip(xs, ys, strict=True):
                parts.setdefault((part[0], x, layer), {})[part[1]] = y
    bounds = {str(layer.get("name")): numbers(layer, "range") for layer in tables(record.network, "layers")}
    made: dict[str, Moments] = {}
    for (what, x, layer), values in sorted(parts.items(), key=lambda item: item[0][1]):
        edges, shares = histogram_of(values)
        if not shares:
            continue
        mean, std = _moments_of(edges, shares)
        note, ends = "", (-inf, inf)
        if what == "outputs":
            std = _at(found.get("std", {}), layer, x, std)
            note = _note(found, layer, x)
            ends = (bounds[layer][0], bounds[layer][1]) if len(bounds.get(layer, [])) == 2 else ends
        made.setdefault(what, {}).setdefault(x, []).append(Histogram(layer, edges, shares, mean, std, note, ends))
    return made


def _moments_of(edges: Sequence[float], shares: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation, as if the numbers of a bin were evenly spread over it."""
    whole = sum(shares) or 1.0
    mean = sum(s * (a + b) / 2 for s, (a, b) in zip(shares, pairwise(edges), strict=True)) / whole
    wide = (edges[1] - edges[0]) ** 2 / 12
    squares = sum(s * ((a + b) / 2 - mean) ** 2 for s, (a, b) in zip(shares, pairwise(edges), strict=True))
    return mean, sqrt(squares / whole + wide)


def _note(found: Mapping[str, Series], layer: str, x: float) -> str:
    for quantity in ("saturated", "dead"):
        value = _at(found.get(quantity, {}), layer, x, -1.0)
        if value >= 0.005:
            return f"{share(round(value, 3))} {quantity}"
    return ""


def _at(series: Series, layer: str, x: float, default: float) -> float:
    xs, ys = series.get(layer, ([], []))
    return next((y for at, y in zip(xs, ys, strict=True) if at == x), default)
