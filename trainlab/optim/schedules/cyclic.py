"""Cyclic: linearly up and down between a low rate and the full one."""

from collections.abc import Sequence
from math import floor

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule, in_epochs, turns


class Cyclic(Schedule, name="cyclic"):
    """low + (1 - low) height decay ^ (cycles passed), where height goes linearly 0, 1, 0 within each cycle.

    lr is the top of the cycle, about as high as the range test allows. Each cycle ends at the low rate, in a network
    that a snapshot ensemble can use.

    Source: Smith 2017, arXiv:1506.01186, policy "triangular" (decay 1) and "triangular2" (decay 0.5); torch's CyclicLR.

    >>> [round(Cyclic(period=10, low=0.5).at(e, 30), 3) for e in (0, 2.5, 5, 7.5, 10)]
    [0.5, 0.75, 1.0, 0.75, 0.5]
    """

    period: float = setting(0.2, "time of a cycle, up and down: below 1 a fraction of the run, else epochs", gt=0)
    low: float = setting(0.1, "fraction of lr at the bottom", ge=0, le=1)
    rise: float = setting(0.5, "fraction of the cycle that goes up", gt=0, lt=1)
    decay: float = setting(1.0, "factor on the height from each cycle to the next", gt=0, le=1)

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """Low + (1 - low) height decay ^ (cycles passed)."""
        passed = turns(epoch, in_epochs(self.period, epochs))
        cycle = floor(passed)
        part = passed - cycle
        height = part / self.rise if part < self.rise else (1 - part) / (1 - self.rise)
        return self.low + (1 - self.low) * height * self.decay**cycle

    def snapshots(self, epochs: float) -> list[float]:
        """The ends of all whole cycles within the run."""
        period = in_epochs(self.period, epochs)
        return [(cycle + 1) * period for cycle in range(int(turns(epochs, period)))]
