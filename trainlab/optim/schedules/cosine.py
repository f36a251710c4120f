"""Cosine: half a cosine wave from the full rate down to the end of the run."""

from collections.abc import Sequence
from math import cos, pi

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule, share


class Cosine(Schedule, name="cosine"):
    """end + (1 - end) (1 + cos(pi epoch / epochs)) / 2: slow at first, fast in the middle, slow at the end.

    It has nothing to tune except the length of the run: a run that is stopped early ends at a high learning rate.

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts; torch's CosineAnnealingLR.

    >>> [round(Cosine().at(e, 30), 3) for e in (0, 10, 15, 30)]
    [1.0, 0.75, 0.5, 0.0]
    """

    end: float = setting(0.0, "fraction of lr at the end of the run", ge=0, le=1)

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """end + (1 - end) (1 + cos(pi epoch / epochs)) / 2, and `end` afterwards."""
        return self.end + (1 - self.end) * (1 + cos(pi * share(epoch, epochs))) / 2
