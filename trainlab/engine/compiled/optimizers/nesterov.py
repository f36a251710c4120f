"""Nesterov's kernel."""

from trainlab.optim.optimizers.nesterov import Nesterov


def kernel(optimizer: Nesterov) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "nesterov", [optimizer.momentum]
