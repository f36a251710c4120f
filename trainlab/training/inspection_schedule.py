"""When a run is looked at: a function of the step's number alone, so that a resumed run is looked at alike."""

from typing import Literal

SOON = 20  # steps between looks where they cost nothing, and at the start of every run
_EARLY = 400  # steps in which most that can go wrong does
_WORTH = 20_000_000  # multiplications a step that pay for a look every 20 steps: with monitors 3 % of their time
_MOST = 100  # times 20 steps between looks, at most
_SHARE = 4  # looks while the number of steps doubles, at least


class InspectionSchedule:
    """The steps after which the layers are measured and the monitors look.

    every: a number of steps, or auto: 20, and after the first 400 steps as many as a look is worth, since a step of a
    tiny network takes a tenth of the time that a look takes; but never does more than a fifth of the run so far lie
    after the last look. work: multiplications a step.

    >>> auto = InspectionSchedule("auto", work=1_000_000)
    >>> [auto.next(0), auto.next(390), auto.next(400), auto.next(800), auto.next(9000), auto.last(640), auto.at(600)]
    [20, 400, 500, 1000, 9200, 600, True]
    """

    def __init__(self, every: int | Literal["auto"], work: float) -> None:
        self._fixed = every != "auto"
        self._widest = every if every != "auto" else SOON * min(_MOST, max(1, round(_WORTH / max(1.0, work))))

    def gap(self, step: int) -> int:
        """How many steps lie between two looks, about this step."""
        return self._stretch(step)[1]

    def next(self, step: int) -> int:
        """The first step after this one that is looked at."""
        start, gap = self._stretch(step)
        after = start + ((step - start) // gap + 1) * gap
        return after if self._fixed else min(after, max(_EARLY, 2 * start))

    def last(self, step: int) -> int:
        """The last step up to this one that is looked at; 0 if there is none."""
        start, gap = self._stretch(step)
        return start + (step - start) // gap * gap

    def at(self, step: int) -> bool:
        """Whether this step is looked at."""
        return step > 0 and self.last(step) == step

    def _stretch(self, step: int) -> tuple[int, int]:
        """Where the stretch with equal gaps begins in which this step lies, and its gap."""
        if self._fixed:
            return 0, self._widest
        if step < _EARLY:
            return 0, SOON
        start = _EARLY << ((step // _EARLY).bit_length() - 1)
        return start, min(self._widest, start // _SHARE)
