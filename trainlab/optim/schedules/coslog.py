"""Coslog: cosine waves that grow longer, from a rate of 0 to a rate of 0."""

from collections.abc import Sequence
from math import cos, log2, pi

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.optim.schedule import Schedule, share


class Coslog(Schedule, name="coslog"):
    """1/2 - 1/2 cos(2 pi log2(1 + (2^cycles - 1) t)), t the fraction of the run: `cycles` waves, each twice as long.

    The rate rises from 0 and falls back to 0 in every wave, so the first half of the run tries several rates and the
    second half is one long wave. It suits high rates, and a run of any length needs no further setting.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, section 3.3 (4 cycles: 1 + 15 t).

    >>> [round(Coslog().at(e, 30), 3) for e in (0, 1, 2, 6, 14, 22, 30)]
    [0.0, 0.93, 0.0, 0.0, 0.0, 0.93, 0.0]
    """

    cycles: Count = setting(4, "number of waves")

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """1/2 - 1/2 cos(2 pi log2(1 + (2^cycles - 1) t)), and 0 afterwards."""
        return 0.5 - 0.5 * cos(2 * pi * log2(1 + (2**self.cycles - 1) * share(epoch, epochs)))

    def snapshots(self, epochs: float) -> list[float]:
        """The end of every wave, where the rate is 0."""
        waves = range(1, self.cycles + 1) if epochs > 0 else ()
        return [epochs * (2**k - 1) / (2**self.cycles - 1) for k in waves]
