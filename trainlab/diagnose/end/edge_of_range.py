"""edge-of-range: the best trials of a sweep lie at an end of a range."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.diagnose.finding import Finding, Severity
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View
from trainlab.store.strict_json import dumps


class EdgeOfRange(Monitor, name="edge-of-range"):
    """The best trial of a sweep lies at the border of the search space: better values may lie beyond it.

    Measured on the scale of the range (powers of ten for a log range). The best trial lies in the outermost `edge`
    of the range, and most of the best five in the outermost `near`, so that a single lucky trial does not count. It
    is not reported where the setting itself ends (a dropout of 0), nor after fewer than `fewest` finished trials.

    Do: Sweep again with the suggested range: half of the old one, and as much beyond it.

    Picture:

        val_loss
          | o
          |   o  o
          |        o o   o
          |              o  oo o
          +------------------------|        the best is at the right end:
          1e-4        lr         1e-2       search further right

    Source: CS231n, "Hyperparameter optimization": careful with best values on border.
    """

    lasting: ClassVar[bool] = True
    when: ClassVar[tuple[When, ...]] = ("end",)
    needs: ClassVar[tuple[str, ...]] = ("searched",)
    severity: ClassVar[Severity] = "info"
    unshown: ClassVar[str] = "it concerns the runs of a sweep, not a single run"

    edge: float = setting(0.05, "share of the range that is its edge", gt=0, lt=0.5)
    near: float = setting(0.25, "share of the range in which most of the good trials must lie", gt=0, lt=0.5)
    fewest: Count = setting(8, "least number of finished trials")

    def inspect(self, view: View) -> Iterable[Finding]:
        """After the sweep."""
        for found in view.searched or ():
            if found.trials < self.fewest or not found.places:
                continue
            for end, further, places in (
                ("upper", found.up, [1 - place for place in found.places]),
                ("lower", found.down, found.places),
            ):
                most = sum(place < self.near for place in places) > len(places) / 2
                if further is not None and places[0] < self.edge and most:
                    yield self.finding(
                        view,
                        f"The best {found.path}, {found.value}, lies at the {end} end of its range.",
                        f"Search further: {found.path}: {flow(further)}.",
                        evidence={"path": found.path, "value": found.value, "end": end, "try": flow(further)},
                        patches=[{f"sweep.space.{found.path}": dict(further)}],
                    )


def flow(spelled: Mapping[str, Any]) -> str:
    """A distribution as one would type it.

    >>> flow({"log": [0.01, 10.0]})
    '{log: [0.01, 10.0]}'
    """
    return "{" + ", ".join(f"{key}: {dumps(value)}" for key, value in spelled.items()) + "}"
