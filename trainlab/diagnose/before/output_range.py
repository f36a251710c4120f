"""output-range: the outputs cannot reach the values of the targets."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose._patches import bare_output
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class OutputRange(Monitor, name="output-range"):
    """The activation after the last layer keeps the outputs away from the targets' values. That part of the loss
    cannot be reduced.

    Read from the last activation and the training targets. Regression: a target lies outside the activation's
    range; or the activation is relu, which passes no gradient where its output is zero, so that an output that is
    zero for all rows stays zero. Classification: relu cuts off all negative scores. In a
    watched PyTorch loop the graph of the loss shows a relu before a cross-entropy.

    Do: Remove the activation after the last layer: the loss applies the one it needs. Or scale bounded targets into
    the range.

    Picture:

        targets      -3 |=============| 5
        tanh gives         -1 |==| 1
        values outside cannot be reached

    Source: NeuraLint (Nikanjam et al. 2021) and DeepDiagnosis (Wardat et al. 2022), rule "out of range".
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    certain: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("structure|program",)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        if view.program is not None and view.program.squashed == "relu":
            yield self.finding(
                view,
                "A relu cuts off the negative scores before the loss, and passes no gradient where it is zero.",
                "Remove the activation after the last layer.",
                evidence={"activation": "relu"},
            )
            return
        end = view.structure.output if view.structure is not None else None
        if end is None or view.data is None:
            return
        low, high = end.layer.output_range
        kind, t = view.task.kind, view.data.t
        least, most = (float(t.min()), float(t.max())) if kind == "regression" and len(t) else (0.0, 0.0)
        if kind == "regression" and (least < low or most > high):
            why = f"the targets range from {least:.3g} to {most:.3g}"
        elif end.layer.fires:
            why = "it passes no gradient where it is zero"
        else:
            return
        yield self.finding(
            view,
            f"The outputs of {end.name} lie between {low:g} and {high:g}, but {why}.",
            "Remove the activation after the last layer.",
            evidence={"range": [low, high], "least": least, "most": most},
            layer=end.name,
            patches=bare_output(view),
        )
