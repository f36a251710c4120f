"""Momentum's kernel."""

from trainlab.optim.optimizers.momentum import Momentum


def kernel(optimizer: Momentum) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "momentum", [optimizer.momentum]
