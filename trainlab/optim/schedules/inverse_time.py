"""Inverse time: the rate falls as 1 / t."""

from collections.abc import Sequence

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule


class InverseTime(Schedule, name="inverse_time"):
    """1 / (1 + decay epoch): fast at first, then ever slower, never to zero.

    The convergence proofs of SGD assume such a decay; in practice `cosine` ends at a lower loss.

    Source: Robbins & Monro 1951; CS231n, "Neural Networks Part 3", 1/t decay.

    >>> [InverseTime(decay=1.0).at(e, 10) for e in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """

    decay: float = setting(0.1, "k in 1 / (1 + k epoch)", ge=0, search={"log": [0.01, 1.0]})

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """1 / (1 + decay epoch)."""
        return 1 / (1 + self.decay * epoch)
