"""Cosine with restarts: down to the end, then back to the full rate, several times in a run."""

from collections.abc import Iterator, Sequence
from math import cos, pi

from trainlab.core.component import setting
from trainlab.core.errors import UserError
from trainlab.optim.schedule import Schedule, in_epochs, turns

_MOST = 10_000  # restarts, each with a snapshot in the run folder


class CosineRestarts(Schedule, name="cosine_restarts"):
    """end + (1 - end) (1 + cos(pi p)) / 2, p the fraction of the current period that is over; periods grow by `growth`.

    Each period ends in a good network, and the jump back to the full rate leads to a different one: together they are a
    snapshot ensemble at the cost of one run. The loss jumps up at each restart; this is intended.

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983 (SGDR); Huang et al. 2017, arXiv:1704.00109 (snapshots);
    torch's CosineAnnealingWarmRestarts, where T_mult is a whole number.

    >>> [round(CosineRestarts(period=10).at(e, 30), 3) for e in (0, 5, 9.9, 10)]
    [1.0, 0.5, 0.0, 1.0]
    """

    period: float = setting(0.2, "time until the first restart: below 1 a fraction of the run, else epochs", gt=0)
    growth: float = setting(1.0, "ratio of each period's length to the one before", ge=1)
    end: float = setting(0.0, "fraction of lr at the end of a period", ge=0, le=1)

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """The cosine of the current period."""
        for start, length in self._periods(epochs):
            part = turns(epoch - start, length)
            if part < 1:
                return self.end + (1 - self.end) * (1 + cos(pi * part)) / 2
        return 1.0

    def snapshots(self, epochs: float) -> list[float]:
        """The ends of all whole periods within the run. Raises UserError if they are more than anybody could use."""
        ends: list[float] = []
        for start, length in self._periods(epochs):
            if start + length > epochs + 1e-9:
                break
            ends.append(start + length)
            if len(ends) > _MOST:
                raise UserError(f"schedule: cosine_restarts: more than {_MOST:,} restarts; make `period` longer")
        return ends

    def _periods(self, epochs: float) -> Iterator[tuple[float, float]]:
        """(start, length) of one period after another, in epochs; without end, and none in a run of no epochs."""
        start, length = 0.0, in_epochs(self.period, epochs)
        while length > 0:
            yield start, length
            start, length = start + length, length * self.growth
