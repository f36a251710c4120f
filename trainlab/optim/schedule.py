"""A schedule scales the learning rate over the run. To add one, write one class in one file of `optim/schedules`."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from trainlab.core.component import Component, setting


class Schedule(Component, kind="schedule", rooms=("trainlab.optim.schedules",)):
    """The learning rate at a moment of the run is lr times `factor`, ramped up over the first `warmup` epochs."""

    metric: ClassVar[str] = ""  # `plateau` style schedules name a setting that holds the metric they watch

    warmup: float = setting(0.0, "epochs over which the rate climbs linearly from 0 to its scheduled value", ge=0)

    @abstractmethod
    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """What lr is multiplied by at `epoch` (fractional, 0 at the start, warmup included) of a run of `epochs`.

        history: the watched metric after each finished epoch, oriented so that lower is better (empty for most).
        """

    def snapshots(self, epochs: float) -> list[float]:
        """Epochs at whose end the rate has annealed: where snapshot ensembles take their members."""
        return []

    def at(self, epoch: float, epochs: float, history: Sequence[float] = ()) -> float:
        """`factor` with the warmup applied: min(1, epoch / warmup) * factor."""
        ramp = min(1.0, epoch / self.warmup) if self.warmup > 0 else 1.0
        return ramp * self.factor(epoch, epochs, history)
