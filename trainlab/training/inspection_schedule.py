"""When a run is inspected: a function of step and epoch numbers alone, so that a resumed run is inspected alike."""

from typing import Literal

SOON = 20  # steps between inspections where they cost nothing, and at the start of every run
NEVER = 1 << 62
_EARLY = 400  # steps in which most that can go wrong does
_WORTH = 20_000_000  # multiplications a step that pay for an inspection every 20 steps: with monitors 3 % of their time
_MOST = 100  # times 20 steps between inspections, at most
_SHARE = 4  # inspections while the number of steps doubles, at least
_EPOCH_STEPS = 200  # steps between inspections of the curves, at least
_EPOCH_COST = 4  # an inspection of the curves costs about four of the layers, on a tiny network
_PROBE_COST = 12  # a light probe costs a third of training on its rows: one for every 12 times its rows is under 3 %


class InspectionSchedule:
    """The moments at which layers are measured, monitors run, and the network is probed.

    every: a number of steps, or auto: 20, and after the first 400 steps more where a step takes less time than an
    inspection; but the last inspection never lies more than a fifth of the run so far behind · work: multiplications
    of a step · steps_per_epoch, rows_per_epoch, epochs: of the run.

    >>> auto = InspectionSchedule("auto", work=1_000_000)
    >>> [auto.next_step(0), auto.next_step(390), auto.next_step(400), auto.next_step(800), auto.next_step(9000)]
    [20, 400, 500, 1000, 9200]
    >>> auto.last_step(640), auto.step_due(600)
    (600, True)
    """

    def __init__(
        self,
        every: int | Literal["auto"],
        work: float,
        *,
        steps_per_epoch: int = 1,
        rows_per_epoch: int = 1,
        epochs: int = 0,
    ) -> None:
        self._fixed = every != "auto"
        self._widest = every if every != "auto" else SOON * min(_MOST, max(1, round(_WORTH / max(1.0, work))))
        self._steps_per_epoch, self._rows_per_epoch, self._epochs = steps_per_epoch, rows_per_epoch, epochs

    def next_step(self, step: int) -> int:
        """The first step after this one whose layers are inspected."""
        start, gap = self._section(step)
        after = start + ((step - start) // gap + 1) * gap
        return after if self._fixed else min(after, max(_EARLY, 2 * start))

    def last_step(self, step: int) -> int:
        """The last step up to this one whose layers are inspected; 0 if there is none."""
        start, gap = self._section(step)
        return start + (step - start) // gap * gap

    def step_due(self, step: int) -> bool:
        """Whether the layers are inspected after this step."""
        return step > 0 and self.last_step(step) == step

    def histograms_due(self, step: int) -> bool:
        """Whether an inspection after this step also counts histograms: about four do while the steps double, and the
        last one of the run.
        """
        gap = 1 << max(0, step.bit_length() - 3)
        return self.last_step(step - 1) // gap < step // gap or step == self._epochs * self._steps_per_epoch

    def epoch_due(self, epoch: int) -> bool:
        """Whether the curves are inspected after this epoch: after the last one, and after each that crosses a
        multiple of 200 steps or more.
        """
        return epoch == self._epochs or self._crosses(epoch)

    def probe_due(self, epoch: int, rows: int) -> bool:
        """Whether the training since the last light probe pays for another one of so many rows."""
        interval, done = _PROBE_COST * rows, self._rows_per_epoch
        return epoch * done // interval > (epoch - 1) * done // interval

    def last_inspection(self, step: int) -> int:
        """The last step up to this one after which monitors ran, after an epoch or within one."""
        epochs = range(step // self._steps_per_epoch, 0, -1)
        return max(self.last_step(step), next((e * self._steps_per_epoch for e in epochs if self._crosses(e)), 0))

    def _crosses(self, epoch: int) -> bool:
        steps = self._steps_per_epoch
        gap = max(_EPOCH_STEPS, _EPOCH_COST * self._section(epoch * steps)[1])
        return epoch * steps // gap > (epoch - 1) * steps // gap

    def _section(self, step: int) -> tuple[int, int]:
        """The first step of the section with equal gaps that holds this step, and its gap."""
        if self._fixed:
            return 0, self._widest
        if step < _EARLY:
            return 0, SOON
        start = _EARLY << ((step // _EARLY).bit_length() - 1)
        return start, min(self._widest, start // _SHARE)
