"""When a run is looked at: a function of the step's number alone, so that a resumed run is looked at alike."""

from typing import Literal

SOON = 20  # steps between looks where they cost nothing, and at the start of every run
_EARLY = 400  # steps in which most that can go wrong does
_WORTH = 16_000_000  # multiplications a step that pay for a look every 20 steps: some 3 % of their time
_RARELY = 500  # steps that nobody looks at, at most


class Cadence:
    """The steps after which the layers are measured and the monitors look.

    every: a number of steps, or auto: 20, and after the first 400 steps as many as a look is worth: a step of a tiny
    network takes a tenth of the time that a look takes. work: multiplications a step.

    >>> auto = Cadence("auto", work=1_000_000)
    >>> [auto.next(0), auto.next(390), auto.next(400), auto.last(700), auto.at(640)]
    [20, 400, 640, 640, True]
    """

    def __init__(self, every: int | Literal["auto"], work: float) -> None:
        if every == "auto":
            stretch = min(_RARELY // SOON, max(1, round(_WORTH / max(1.0, work))))
            self.every, self._early = SOON * stretch, _EARLY
        else:
            self.every, self._early = every, 0

    def next(self, step: int) -> int:
        """The first step after this one that is looked at."""
        gap = SOON if step < self._early else self.every
        return (step // gap + 1) * gap

    def last(self, step: int) -> int:
        """The last step up to this one that is looked at; 0 if there is none."""
        if step <= self._early:
            return step // SOON * SOON
        return max(self._early, step // self.every * self.every)

    def at(self, step: int) -> bool:
        """Whether this step is looked at."""
        return step > 0 and self.last(step) == step
