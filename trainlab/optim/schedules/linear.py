"""Linear: a straight line from the full rate down to the end of the run."""

from collections.abc import Sequence

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule, share


class Linear(Schedule, name="linear"):
    """1 + (end - 1) epoch / epochs.

    With a `warmup`, the usual schedule of large language models. With `end` above 1 the rate grows.

    Source: torch's LinearLR.

    >>> [Linear(end=0.5).at(e, 10) for e in (0, 5, 10)]
    [1.0, 0.75, 0.5]
    """

    end: float = setting(0.0, "fraction of lr at the end of the run", ge=0)

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """1 + (end - 1) epoch / epochs, and `end` afterwards."""
        return 1 + (self.end - 1) * share(epoch, epochs)
