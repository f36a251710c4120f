"""Keeps the promise of a time: no trial begins that would not end in time, and none runs beyond the end."""

from collections.abc import Callable
from math import inf
from statistics import median
from time import monotonic

from trainlab.search.callbacks import SweepCallback, SweepInfo
from trainlab.search.space import Trial
from trainlab.search.table import Row

_TICK = 5.0  # seconds between two records of the time


class Clock(SweepCallback):
    """Passes everything on to the callback that shows the sweep, and watches the time.

    now: the seconds that the tune has run · tick: records them.
    """

    def __init__(self, shown: SweepCallback, now: Callable[[], float], tick: Callable[[], None]) -> None:
        super().__init__()
        self.shown, self._now, self._tick = shown, now, tick
        self._soft, self._hard = inf, inf
        self._ticked = monotonic()
        self._took: list[float] = []

    def until(self, soft: float, hard: float) -> None:
        """From `soft` on no trial begins that would end after it, as far as known; at `hard` running ones stop."""
        self._soft, self._hard, self._took, self.closed = soft, hard, [], False

    @property
    def stopped(self) -> bool:
        """Whether the user has asked to stop."""
        return self.shown.stops > 0

    @property
    def stops(self) -> int:
        """How often a stop was requested, by the user or because the time is over."""
        return max(self.shown.stops, int(self._now() >= self._hard))

    def request_stop(self) -> None:
        """Stop as if the user had asked."""
        self.shown.request_stop()

    def on_sweep_begin(self, info: SweepInfo) -> None:
        """Pass it on; trials of earlier sessions tell how long one takes."""
        self._took += [row.seconds for row in info.done if row.status == "finished"]
        self.shown.on_sweep_begin(info)

    def on_trial_begin(self, trial: Trial) -> None:
        """Pass it on."""
        self.shown.on_trial_begin(trial)

    def on_trial_pause(self, number: int) -> None:
        """Pass it on."""
        self.shown.on_trial_pause(number)

    def on_trial_end(self, row: Row) -> None:
        """Pass it on, and learn how long a trial takes."""
        if row.status == "finished":
            self._took.append(row.seconds)
        self.shown.on_trial_end(row)

    def on_trial_rescued(self, row: Row) -> None:
        """Pass it on."""
        self.shown.on_trial_rescued(row)

    def on_note(self, text: str) -> None:
        """Pass it on."""
        self.shown.on_note(text)

    def on_poll(self) -> None:
        """Look at the time."""
        takes = median(self._took) if self._took else 0.0
        self.closed = self.closed or self._now() + takes >= self._soft
        if monotonic() - self._ticked >= _TICK:
            self._ticked = monotonic()
            self._tick()
        self.shown.on_poll()

    def on_sweep_end(self) -> None:
        """Pass it on."""
        self.shown.on_sweep_end()
