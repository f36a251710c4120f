"""Results of the trials in `check`: gradients against finite differences, and a copy fitted to a few rows."""

from dataclasses import dataclass

TRIALS = ("gradients", "tiny")  # fields of the View that only `check` measures, because they take time


@dataclass(frozen=True, slots=True)
class GradientError:
    """One parameter's analytic gradient against a central difference, at the coordinate where they differ most.

    error: |analytic - numeric| / max(|analytic|, |numeric|, floor) · checked: how many coordinates were compared,
    without those at a kink of the loss.
    """

    name: str
    error: float
    analytic: float
    numeric: float
    checked: int


@dataclass(frozen=True, slots=True)
class TinyFit:
    """A copy of the network after many steps on a few rows, without regularization: its loss there, and chance."""

    rows: int
    steps: int
    loss: float
    chance: float
