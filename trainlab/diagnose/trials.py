"""What `check` tries out before anything is trained: gradients against differences, and a handful of rows learned."""

from dataclasses import dataclass

TRIALS = ("gradients", "tiny")  # fields of the View: what only `check` takes the time for


@dataclass(frozen=True, slots=True)
class GradientError:
    """One param's analytic gradient against a central difference, at the coordinate where they differ most.

    error: |analytic - numeric| / max(|analytic|, |numeric|, floor) · checked: how many coordinates were compared;
    those at a kink of the loss do not count.
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
