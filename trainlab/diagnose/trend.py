"""Whether a curve that varies from epoch to epoch falls at all."""

import numpy as np

from trainlab.core.types import Array

_SURE = 0.1  # a fall that noise need not explain
_ERRORS = 2.5  # standard errors that noise explains


def falls(losses: Array, least: float = 0.02) -> bool:
    """Whether the last third of the losses lies below the first third: by more than the share `least` of it, and by
    more than the noise explains, which is measured on the differences of neighbours. Fewer than three losses fall.

    >>> falls(np.array([2.41, 2.36, 2.44, 2.35, 2.42, 2.37])), falls(np.array([1.0, 0.9, 0.81, 0.73, 0.66, 0.6]))
    (False, True)
    """
    third = len(losses) // 3
    if third == 0:
        return True
    first, last = float(np.median(losses[:third])), float(np.median(losses[-third:]))
    fall = first - last
    if not fall > least * abs(first):
        return False
    noise = float(np.std(np.diff(losses))) / 2**0.5
    return fall > _SURE * abs(first) or fall > _ERRORS * noise * (2 / third) ** 0.5
