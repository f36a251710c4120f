"""Adam's kernel."""

from trainlab.optim.optimizers.adam import Adam


def kernel(optimizer: Adam) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "adam", [optimizer.b1, optimizer.b2, optimizer.eps, 0.0]
