"""One cycle: up to a high rate, then down to almost zero."""

from collections.abc import Sequence
from math import cos, pi

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule, in_epochs


class OneCycle(Schedule, name="one_cycle"):
    """From `start` up to 1 during `rise`, then down to `end`, both along half a cosine wave.

    lr is the top of the cycle and may be several times higher than with a constant schedule: the high rate regularizes,
    the low rates at the end converge. The momentum stays the same (torch cycles it too).

    Source: Smith & Topin 2018, arXiv:1708.07120, with cosines as fastai and torch's OneCycleLR.

    >>> [round(OneCycle(rise=10).at(e, 30), 3) for e in (0, 5, 10, 20, 30)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    rise: float = setting(0.3, "time of the rise: below 1 a fraction of the run, else epochs", gt=0)
    start: float = setting(0.04, "fraction of lr at the start", ge=0, le=1)
    end: float = setting(4e-6, "fraction of lr at the end of the run", ge=0, le=1)

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """The cosine up or the cosine down, and `end` afterwards."""
        top = in_epochs(self.rise, epochs)
        if epoch < top:
            return _ease(self.start, 1.0, epoch / top)
        return _ease(1.0, self.end, min(1.0, (epoch - top) / (epochs - top)) if epochs > top else 0.0)


def _ease(start: float, end: float, part: float) -> float:
    """From start (part 0) to end (part 1) along half a cosine wave."""
    return end + (start - end) * (1 + cos(pi * part)) / 2
