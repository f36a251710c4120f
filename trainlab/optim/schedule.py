"""A schedule scales the learning rate over the run. To add one, write one class in one file of `optim/schedules`.

Lengths of time are epochs or shares of the run by one rule: below 1 a share of the run's epochs (0.3: three tenths
of the run), from 1 on epochs (1: one epoch). So a default schedule fits a short run and a long one.
"""

from abc import abstractmethod
from collections.abc import Sequence

from trainlab.core.component import Component, setting


class Schedule(Component, kind="schedule", rooms=("trainlab.optim.schedules",)):
    """The learning rate at a moment of the run is lr times `factor`, ramped up over the first `warmup` epochs."""

    warmup: float = setting(0.0, "epochs over which the rate climbs linearly from 0 to its scheduled value", ge=0)

    @abstractmethod
    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """What lr is multiplied by at `epoch` (fractional, 0 at the start, warmup included) of a run of `epochs`.

        A pure function, so a resumed run goes on as the whole one would have.
        history: the watched metric after each finished epoch, the first entry after epoch 1, oriented so that lower
        is better (empty for schedules that watch nothing).
        """

    def watched(self) -> str:
        """The column of metrics.csv that `history` is to hold, or "" where the schedule watches nothing."""
        return ""

    def snapshots(self, epochs: float) -> list[float]:
        """Epochs at whose end the rate has annealed: where snapshot ensembles take their members."""
        return []

    def at(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        """`factor` with the warmup applied: min(1, epoch / warmup) * factor."""
        ramp = min(1.0, epoch / self.warmup) if self.warmup > 0 else 1.0
        return ramp * self.factor(epoch, epochs, history)


def in_epochs(length: float, epochs: float) -> float:
    """A length of time in epochs: lengths below 1 are shares of the run.

    >>> in_epochs(0.3, 30), in_epochs(5, 30)
    (9.0, 5.0)
    """
    return length * epochs if length < 1 else float(length)


def share(epoch: float, epochs: float) -> float:
    """How much of the run is over: 0 at the start, 1 at the end and after it; a run of no epochs is at its start.

    >>> share(3, 30), share(31, 30), share(0, 0)
    (0.1, 1.0, 0.0)
    """
    return min(1.0, epoch / epochs) if epochs > 0 else 0.0


def turns(epoch: float, period: float) -> float:
    """How many periods have passed at `epoch`; within rounding of a border, the border itself.

    >>> turns(3.0, 0.3), turns(1.5, 3.0), turns(0.0, 0.0)
    (10.0, 0.5, 0.0)
    """
    passed = epoch / period if period > 0 else 0.0
    return float(round(passed)) if abs(passed - round(passed)) < 1e-9 else passed
