"""AdamW's kernel."""

from trainlab.optim.optimizers.adamw import AdamW


def kernel(optimizer: AdamW) -> tuple[str, list[float]]:
    """The name of the kernel in `optimizers.c`, and its settings in the order in which it reads them."""
    return "adam", [optimizer.b1, optimizer.b2, optimizer.eps, optimizer.weight_decay]
