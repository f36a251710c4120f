"""What dropout multiplies by, shared with the dense layer that takes its gradient over."""

from trainlab.nn.layers.dropout import Dropout


def kept_factor(layer: Dropout) -> float:
    """The factor of a number that is not dropped, in training."""
    return 1 / (1 - layer.drop) if layer.mode == "inverted" else 1.0
