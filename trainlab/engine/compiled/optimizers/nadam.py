"""NAdam's kernel."""

from trainlab.optim.optimizers.nadam import NAdam


def kernel(optimizer: NAdam) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "nadam", [optimizer.b1, optimizer.b2, optimizer.eps, optimizer.momentum_decay]
