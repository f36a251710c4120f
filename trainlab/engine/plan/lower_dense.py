"""Dense layers as ops: the products, with bias and relu in the same pass."""

from collections.abc import Sequence

from trainlab.engine.plan.builder import Builder, Link


def lower_dense(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x W + b."""
    return 0
