"""Adamax's kernel."""

from trainlab.optim.optimizers.adamax import Adamax


def kernel(optimizer: Adamax) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "adamax", [optimizer.b1, optimizer.b2, optimizer.eps]
