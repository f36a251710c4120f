"""A monitor checks for one thing that can go wrong and reports it once.

It declares when it runs, reads a read-only View and yields findings. It keeps no state: the past is in the curves, so a
resumed run gets the findings of an uninterrupted one. Texts and thresholds live on the class. To add one, write one
class in one file of the folder for its moment: `data`, `before`, `training`, `end`. Its docstring is its page
(`diagnose/page.py` describes the form), and an entry of `zoo/zoo.yaml` shows it.
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
    """Inspects a run at certain moments and yields findings."""

    separator: ClassVar[str] = "-"
    when: ClassVar[tuple[When, ...]] = ()
    # fields of the View, `a|b` for one of two; any CSV log has "curves" and "steps"
    needs: ClassVar[tuple[str, ...]] = ("curves",)
    causes: ClassVar[tuple[str, ...]] = ()  # codes that may have led to this one, the likeliest first
    severity: ClassVar[Severity] = "warning"
    certain: ClassVar[bool] = False  # read from the config, so that no measurement can be mistaken
    of_progress: ClassVar[bool] = False  # it judges a loss or a score that is expected to improve
    lasting: ClassVar[bool] = False  # a run that ends well does not disprove it
    unshown: ClassVar[str] = ""  # why no config of the zoo shows it, where none can

    @abstractmethod
    def inspect(self, view: View) -> Iterable[Finding]:
        """The findings at this moment; none if all is well or unknown."""

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
        """A finding with this monitor's code at the view's moment."""
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
