"""Runs the monitors at their moments and says each finding once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trainlab.diagnose.diagnosis import Diagnosis
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


@dataclass(slots=True)
class Babysitter:
    """The monitors of a run, and what they have said so far: a code is said once for each layer it hits."""

    monitors: Sequence[Monitor]
    stop_on: Sequence[str] = ()
    said: list[Diagnosis] = field(default_factory=list[Diagnosis])

    def look(self, when: When, view: View) -> Iterable[Diagnosis]:
        """What is newly found at this moment."""
        known = {(d.code, d.layer) for d in self.said}
        for monitor in self.monitors:
            if when not in monitor.when or ("layers" in monitor.needs and not view.layers):
                continue
            for found in monitor.look(view):
                if (found.code, found.layer) not in known:
                    known.add((found.code, found.layer))
                    self.said.append(found)
                    yield found

    def says_stop(self) -> Diagnosis | None:
        """The first finding that is to end the run, if there is one."""
        return next((d for d in self.said if d.code in self.stop_on), None)
