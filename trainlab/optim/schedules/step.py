"""Step: the rate falls by a factor at equal intervals."""

from collections.abc import Sequence

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule, in_epochs, turns


class Step(Schedule, name="step"):
    """decay ^ floor(epoch / every): constant in between.

    Source: CS231n, "Neural Networks Part 3", step decay; torch's StepLR.

    >>> [Step(every=10, decay=0.5).at(e, 30) for e in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: float = setting(0.3, "time between two falls: below 1 a fraction of the run, else epochs", gt=0)
    decay: float = setting(0.1, "factor of each fall", gt=0, search={"log": [0.05, 0.7]})

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """decay ^ floor(epoch / every)."""
        return self.decay ** int(turns(epoch, in_epochs(self.every, epochs)))
