"""Runs monitors, reports each finding once, and reports causes before their consequences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trainlab.diagnose.conclusion import concluded
from trainlab.diagnose.confidence import confidence
from trainlab.diagnose.finding import SEVERITIES, Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View
from trainlab.training.monitor_settings import ERROR

_ALSO: dict[When, set[When]] = {  # at a moment, monitors of these other moments also run, to find causes
    "start": {"start"},
    "steps": {"steps", "epoch"},
    "epoch": {"steps", "epoch"},
    "end": {"steps", "epoch", "end"},
}


@dataclass
class MonitorRunner:
    """The monitors of a run and their findings so far.

    A code is reported once, and again only if it has become more severe. When a monitor finds something, the monitors
    of its possible causes run first; a finding names the earliest cause that was found in `because`.
    """

    monitors: Sequence[Monitor]
    stop_on: Sequence[str] = ()
    findings: list[Finding] = field(default_factory=list[Finding])

    def __post_init__(self) -> None:
        self.monitors = _causes_first(self.monitors)
        moments: tuple[When, ...] = ("start", "steps", "epoch", "end")
        self._at = {when: [m for m in self.monitors if when in m.when] for when in moments}

    def watches(self, when: When) -> bool:
        """Whether any monitor runs at this moment."""
        return bool(self._at[when])

    def leave_out_progress(self) -> None:
        """From here on, no monitor judges a loss or a score that is expected to improve."""
        self.monitors = [monitor for monitor in self.monitors if not monitor.of_progress]
        self.__post_init__()

    def resume(self, findings: Sequence[Finding]) -> None:
        """Continue after these findings of earlier sessions."""
        self.findings.extend(findings)

    def run(self, when: When, view: View) -> Sequence[Finding]:
        """New findings at this moment, causes first."""
        asked: set[str] = set()
        found: list[Finding] = []
        with np.errstate(all="ignore"):  # a failing run is full of nan and inf
            for monitor in self._at[when]:
                found += self._ask(monitor, when, view, asked)
        return found

    def _ask(self, monitor: Monitor, when: When, view: View, asked: set[str]) -> Iterable[Finding]:
        if monitor.name in asked or not all(view.has(need) for need in monitor.needs):
            return
        asked.add(monitor.name)
        for found in monitor.inspect(view):
            if not self._is_new(found):
                continue
            if found.severity != "info":
                for other in self.monitors:
                    if other.name in monitor.causes and not _ALSO[when].isdisjoint(other.when):
                        yield from self._ask(other, when, view, asked)
            because = found.because or self._because(monitor)
            finding = replace(found, because=because, confidence=confidence(found.code, led=bool(because)))
            self.findings.append(finding)
            yield finding

    def conclude(self, view: View | None) -> None:
        """Put the findings of an ended run in their final order. view: at its end; what it disproves is withdrawn."""
        with np.errstate(all="ignore"):
            self.findings[:] = concluded(self.findings, self.monitors, view)

    def _is_new(self, found: Finding) -> bool:
        rank = SEVERITIES.index
        return all(d.code != found.code or rank(d.severity) < rank(found.severity) for d in self.findings)

    def _because(self, monitor: Monitor) -> tuple[str, ...]:
        """The earliest finding of this monitor's possible causes; advice does not count."""
        causes = set(monitor.causes) - {monitor.name}
        earlier = [d for d in self.findings if d.code in causes and d.severity != "info"]
        return tuple(f"{d.code}@step {d.step}" for d in earlier[:1])

    def left_out(self, when: When, needs: Sequence[str]) -> tuple[str, ...]:
        """Codes that are checked at this moment only if a quantity of `needs` is measured."""
        return tuple(m.name for m in self._at[when] if not set(needs).isdisjoint(m.needs))

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, mildest first; severities without any are left out."""
        said = [d.severity for d in self.findings]
        return {s: said.count(s) for s in SEVERITIES if s in said}

    def stopping(self) -> Finding | None:
        """The first finding that ends the run, if there is one."""
        severe = ERROR in self.stop_on
        return next((d for d in self.findings if d.code in self.stop_on or (severe and d.severity == ERROR)), None)


def _causes_first(monitors: Sequence[Monitor]) -> list[Monitor]:
    """The monitors, each after those that may name its causes; otherwise in their order."""
    by_name = {m.name: m for m in monitors}
    ordered: dict[str, Monitor] = {}

    def place(monitor: Monitor, above: frozenset[str]) -> None:
        if monitor.name in ordered or monitor.name in above:
            return
        for cause in monitor.causes:
            if cause in by_name:
                place(by_name[cause], above | {monitor.name})
        ordered[monitor.name] = monitor

    for monitor in monitors:
        place(monitor, frozenset())
    return list(ordered.values())
