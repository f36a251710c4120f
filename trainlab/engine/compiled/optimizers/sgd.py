"""SGD's kernel."""

from trainlab.optim.optimizers.sgd import SGD


def kernel(optimizer: SGD) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "sgd", []
