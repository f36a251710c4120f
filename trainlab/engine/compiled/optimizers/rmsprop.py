"""RMSprop's kernel."""

from trainlab.optim.optimizers.rmsprop import RMSprop


def kernel(optimizer: RMSprop) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "rmsprop", [optimizer.rho, optimizer.eps]
