"""A monitor watches one thing that can go wrong, and says so once.

It declares when it looks, reads a read-only View and yields diagnoses. It keeps no state: what it needs of the past
stands in the curves, so a resumed run is judged as an uninterrupted one. Text and thresholds live on the class. To
add one, write one class in one file of the room that says when it looks: `data`, `before`, `training`, `end`. Its
docstring is its page (`diagnose/page.py` says in which form), and an entry of `zoo/zoo.yaml` shows it.
"""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from trainlab.core.component import Component
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.view import View

When = Literal["start", "steps", "epoch", "end"]


class Monitor(
    Component,
    kind="monitor",
    rooms=(
        "trainlab.diagnose.data",
        "trainlab.diagnose.before",
        "trainlab.diagnose.training",
        "trainlab.diagnose.end",
    ),
):
    """Looks at a run at its moments and yields what it finds."""

    separator: ClassVar[str] = "-"
    when: ClassVar[tuple[When, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("curves",)  # fields of the View; "curves" and "steps" are in anybody's CSV
    causes: ClassVar[tuple[str, ...]] = ()  # codes that may have led to this one, the likeliest first
    severity: ClassVar[Severity] = "warning"
    unshown: ClassVar[str] = ""  # why no config of the zoo shows it, where none can

    @abstractmethod
    def look(self, view: View) -> Iterable[Finding]:
        """What is wrong at this moment; nothing if all is well or cannot be told."""

    def finding(
        self,
        view: View,
        message: str,
        advice: str,
        *,
        evidence: dict[str, Any],
        layer: str | None = None,
        patches: Iterable[dict[str, Any]] = (),
        because: Iterable[str] = (),
        severity: Severity | None = None,
    ) -> Finding:
        """A diagnosis of this monitor's code at the view's moment."""
        return Finding(
            code=self.name,
            severity=severity or self.severity,
            message=message,
            advice=advice,
            epoch=view.epoch,
            step=view.step,
            layer=layer,
            evidence=evidence,
            because=tuple(because),
            patches=tuple(patches),
        )
