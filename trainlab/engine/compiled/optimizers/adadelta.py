"""Adadelta's kernel."""

from trainlab.optim.optimizers.adadelta import Adadelta


def kernel(optimizer: Adadelta) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "adadelta", [optimizer.rho, optimizer.eps]
