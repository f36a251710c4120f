"""Histograms of the numbers in each layer: of its outputs, of its weights and of their gradient.

The range of a histogram is that of its numbers, so outputs with a spread of 1e-10 show their shape as well as those
with a spread of 1. A histogram is rarely made and from a sample, so it needs no kernel: whatever the size of a layer,
it costs a fraction of a millisecond beside finding the lowest and the highest number.
"""

from collections.abc import Iterator, Sequence
from math import gcd

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.buffers import Workspace
from trainlab.engine.graph import Node
from trainlab.nn.activation import Activation
from trainlab.store.columns import HISTOGRAMS

BINS = 16
_LAYERS = 24  # of deeper networks, evenly spread layers
_SAMPLE = 1 << 14  # numbers that are counted, at most: a share is then right to half a percent


def histograms(nodes: Sequence[Node], work: Workspace) -> Iterator[tuple[str, str, float]]:
    """(layer, quantity, value) of each histogram: `low` and `high`, then the shares `bin00` to `bin15` between them.

    Outputs are those of activations and of the last layer; quantities of weights and gradients have a prefix (see
    `HISTOGRAMS`). A number that is not finite falls into no bin; without a finite number there is no histogram.
    """
    shown = [node for node in nodes if isinstance(node.layer, Activation)]
    shown += [node for node in nodes[-1:] if node not in shown and not node.layer.view]
    for node in _some(shown):
        yield from _named(node.name, HISTOGRAMS["outputs"], work.slots[node.name].y)
    for node in _some([node for node in nodes if node.weight_keys]):
        slot, key = work.slots[node.name], node.weight_keys[0]
        yield from _named(node.name, HISTOGRAMS["weights"], slot.p[key])
        if key in slot.g:
            yield from _named(node.name, HISTOGRAMS["gradients"], slot.g[key])


def histogram(a: Array) -> tuple[float, float, Array] | None:
    """The lowest and the highest finite number of an array, and the share of its numbers in each of the bins between.

    None if no number is finite.

    >>> low, high, shares = histogram(np.array([-1.0, -1.0, 0.0, 1.0]))
    >>> low, high, shares[[0, 8, 15]].tolist()
    (-1.0, 1.0, [0.5, 0.25, 0.25])
    """
    low, high = (float(v) for v in (a.min(), a.max())) if a.size else (np.nan, np.nan)
    if not (np.isfinite(low) and np.isfinite(high)):
        known = a[np.isfinite(a)]
        if not known.size:
            return None
        low, high = float(known.min()), float(known.max())
    some = _sample(a).astype(np.float64)
    known = some[np.isfinite(some)]
    place = (known - low) / (high - low) * BINS if high > low else np.zeros(known.size)
    counts = np.bincount(np.minimum(place.astype(np.int64), BINS - 1), minlength=BINS)
    return low, high, (counts / some.size).round(6)  # more digits would fill layers.csv


def _named(layer: str, prefix: str, a: Array) -> Iterator[tuple[str, str, float]]:
    if (found := histogram(a)) is not None:
        low, high, shares = found
        yield layer, f"{prefix}low", low
        yield layer, f"{prefix}high", high
        yield from ((layer, f"{prefix}bin{i:02d}", share) for i, share in enumerate(shares.tolist()))


def _sample(a: Array) -> Array:
    """Every k-th number. k shares no divisor with the length of a row, so that no column is left out."""
    numbers = a.ravel()
    stride = -(-numbers.size // _SAMPLE)
    while gcd(stride, max(1, numbers.size // len(a))) > 1:
        stride += 1
    return numbers[::stride]


def _some(nodes: Sequence[Node]) -> Sequence[Node]:
    if len(nodes) <= _LAYERS:
        return nodes
    return [nodes[round(i * (len(nodes) - 1) / (_LAYERS - 1))] for i in range(_LAYERS)]
