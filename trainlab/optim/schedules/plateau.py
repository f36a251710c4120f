"""Plateau: the rate falls whenever a metric stops improving."""

from collections.abc import Sequence
from math import inf

from trainlab.core.component import setting
from trainlab.optim.history import fold
from trainlab.optim.schedule import Schedule


class Plateau(Schedule, name="plateau"):
    """decay ^ (number of plateaus so far), a plateau being more than `patience` epochs without improvement.

    It adapts to the run, while other schedules are fixed in advance. If `patience` is too short for the noise of the
    metric, the rate falls too early. The rate follows from the history alone, so a resumed run finds the same one.

    Source: torch's ReduceLROnPlateau with relative threshold (whose `min_lr` is a rate, not a share of lr).

    >>> losses = [1.0, 0.9, 0.9, 0.9, 0.9]
    >>> [Plateau(patience=1, decay=0.5).at(e, 30, losses[:e]) for e in range(6)]
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
    """

    metric: str = setting("best", "a column of metrics.csv; best: the one that decides which epoch is the best")
    decay: float = setting(0.1, "factor of each fall", gt=0, lt=1, search={"log": [0.05, 0.7]})
    patience: int = setting(5, "epochs without improvement before the rate falls", ge=0)
    threshold: float = setting(1e-4, "minimum improvement, relative to the best value", ge=0)
    cooldown: int = setting(0, "epochs after a fall that are not counted", ge=0)
    lowest: float = setting(0.0, "fraction of lr below which the rate does not fall", ge=0, le=1)

    def watched(self) -> str:
        """The metric."""
        return self.metric

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """The factor after the history up to `epoch`."""
        return fold(self._after, (1.0, inf, 0, 0), history, int(epoch + 1e-9))[0]

    def _after(self, state: tuple[float, float, int, int], value: float) -> tuple[float, float, int, int]:
        """The factor, the best value, the epochs without improvement and those left to cool, after one more epoch."""
        factor, best, bad, cooling = state
        if value < best - (self.threshold * abs(best) if best < inf else 0.0):
            best, bad = value, 0
        else:  # nan is no improvement either
            bad += 1
        if cooling:
            cooling, bad = cooling - 1, 0
        if bad > self.patience:
            factor, bad, cooling = max(factor * self.decay, self.lowest), 0, self.cooldown
        return factor, best, bad, cooling
