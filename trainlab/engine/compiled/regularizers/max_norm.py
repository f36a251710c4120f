"""MaxNorm's kernel."""

from collections.abc import Sequence

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.optim.regularizers.max_norm import MaxNorm


def lower(b: Builder, rule: MaxNorm, weights: Sequence[Array]) -> list[Op]:
    """An op for each weight array (inputs first, units on the last axis)."""
    units = [W.shape[-1] for W in weights]
    return [
        Op("max_norm", [W.size // n, n], [rule.limit], [W, b.memory((n,))]) for W, n in zip(weights, units, strict=True)
    ]
