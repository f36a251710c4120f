"""L1's part of `finish_gradient`."""

from trainlab.optim.regularizers.l1 import L1


def penalty(rule: L1) -> dict[str, float]:
    """The strength, by its name there."""
    return {"l1": rule.strength}
