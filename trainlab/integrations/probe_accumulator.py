"""Adds up readings of a network until they make the next probe for the monitors."""

from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from trainlab.core.types import Array
from trainlab.diagnose.probe import LayerProbe, Probe, WeightProbe
from trainlab.integrations.reading import LayerReading, Reading

_PROBE_ROWS = 64  # that a relu must have been silent for, before it is called dead
_START_ROWS = 32  # of the first batch, before anything is read into it


@dataclass
class ProbeAccumulator:
    """Readings, added up: a relu unit fired if it did in any of them."""

    rows: int = 0
    last: Reading | None = None
    fired: dict[str, Array] = field(default_factory=dict[str, Array])

    def add(self, reading: Reading) -> None:
        """One more reading."""
        self.rows += reading.rows
        self.last = reading
        for r in reading.layers:
            if r.fired is not None:
                before = self.fired.get(r.name)
                same = before is not None and before.shape == r.fired.shape
                self.fired[r.name] = r.fired | before if before is not None and same else r.fired

    def probe(self, loss: float | None = None) -> Probe | None:
        """The last reading as a probe; dead units fired in none of them. loss: of a network before its first step."""
        last = self.last
        if last is None or self.rows < (_PROBE_ROWS if loss is None else _START_ROWS):
            return None
        layers = [self._layer(r) for r in last.layers]
        weights = [
            WeightProbe(w.layer, w.units, w.norm, w.grad_norm, w.size, w.symmetric, w.frozen)
            for w in last.weights
            if isfinite(w.grad_norm)
        ]
        if loss is None:
            return Probe(self.rows, last.input_spread, layers, weights=weights)
        return Probe(self.rows, last.input_spread, layers, deep=True, loss=loss, weights=weights)

    def _layer(self, r: LayerReading) -> LayerProbe:
        fired = self.fired.get(r.name)
        dead = 1.0 - float(np.count_nonzero(fired)) / fired.size if fired is not None and fired.size else 0.0
        return LayerProbe(r.name, r.kind, r.activation, r.output, r.units, r.spread, dead, r.saturated or 0.0)
