"""L2's part of `finish_gradient`."""

from trainlab.optim.regularizers.l2 import L2


def penalty(rule: L2) -> dict[str, float]:
    """The strength, by its name there."""
    return {"l2": rule.strength}
