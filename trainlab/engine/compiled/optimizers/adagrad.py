"""Adagrad's kernel."""

from trainlab.optim.optimizers.adagrad import Adagrad


def kernel(optimizer: Adagrad) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "adagrad", [optimizer.eps]
