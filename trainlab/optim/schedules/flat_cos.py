"""Flat, then cosine: the full rate for the first part of the run, then half a cosine wave down."""

from collections.abc import Sequence
from math import cos, pi

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule, in_epochs


class FlatCos(Schedule, name="flat_cos"):
    """1 until `flat`, then (1 + cos(pi s)) / 2 with s rising from 0 to 1 over the rest of the run.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, section 3.3; fastai's fit_flat_cos.

    >>> [round(FlatCos().at(e, 20), 3) for e in (0, 10, 15, 20)]
    [1.0, 1.0, 0.5, 0.0]
    """

    flat: float = setting(0.5, "end of the flat part: below 1 a fraction of the run, else epochs", ge=0)

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """1, then the cosine, and 0 afterwards."""
        turn = in_epochs(self.flat, epochs)
        part = (epoch - turn) / (epochs - turn) if epochs > turn else float(epoch >= turn)
        return (1 + cos(pi * min(1.0, max(0.0, part)))) / 2
