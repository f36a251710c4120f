"""A schedule scales the learning rate over the run. To add one, write one class in one file of `optim/schedules`.

A time below 1 is a fraction of the run (0.3: three tenths of its epochs), a time from 1 on is in epochs (1: one epoch).
So the defaults fit short and long runs.
"""

from abc import abstractmethod
from collections.abc import Sequence

from trainlab.core.component import Component, setting


class Schedule(Component, kind="schedule", rooms=("trainlab.optim.schedules",)):
    """The learning rate is lr times `factor`, with a linear ramp over the first `warmup` epochs."""

    warmup: float = setting(0.0, "epochs over which the rate rises linearly from 0 to its scheduled value", ge=0)

    @abstractmethod
    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """The factor on lr at `epoch` (fractional, 0 at the start, warmup included) of a run of `epochs`.

        A pure function, so that a resumed run continues like an uninterrupted one.
        history: the watched metric after each finished epoch, the first entry after epoch 1, with its sign changed if
        higher is better (empty for schedules that watch no metric).
        """

    def watched(self) -> str:
        """The column of metrics.csv that `history` holds; empty if the schedule watches no metric.

        `best`: the one that decides which epoch is the best.
        """
        return ""

    def snapshots(self, epochs: float) -> list[float]:
        """Epochs at whose end the learning rate is lowest: snapshot ensembles take their members there."""
        return []

    def at(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        """`factor` with the warmup applied: min(1, epoch / warmup) * factor."""
        ramp = min(1.0, epoch / self.warmup) if self.warmup > 0 else 1.0
        return ramp * self.factor(epoch, epochs, history)


def in_epochs(length: float, epochs: float) -> float:
    """A time in epochs: times below 1 are fractions of the run.

    >>> in_epochs(0.3, 30), in_epochs(5, 30)
    (9.0, 5.0)
    """
    return length * epochs if length < 1 else float(length)


def share(epoch: float, epochs: float) -> float:
    """The fraction of the run that is over: 0 at the start, 1 at the end and after it; 0 for a run of no epochs.

    >>> share(3, 30), share(31, 30), share(0, 0)
    (0.1, 1.0, 0.0)
    """
    return min(1.0, epoch / epochs) if epochs > 0 else 0.0


def turns(epoch: float, period: float) -> float:
    """The number of periods that have passed at `epoch`, rounded to a whole number if it is within 1e-9 of one.

    >>> turns(3.0, 0.3), turns(1.5, 3.0), turns(0.0, 0.0)
    (10.0, 0.5, 0.0)
    """
    passed = epoch / period if period > 0 else 0.0
    return float(round(passed)) if abs(passed - round(passed)) < 1e-9 else passed
