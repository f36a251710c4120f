"""wrong-loss: the loss does not fit the task."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

import numpy as np

from trainlab.diagnose._patches import bare_output, name_of
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.program import Program
from trainlab.diagnose.structure import Structure
from trainlab.diagnose.view import View


class WrongLoss(Monitor, name="wrong-loss"):
    """The loss is made for another task. For classes, the squared error has tiny gradients where the network is
    confident and wrong.

    Read from the config, without a measurement: classes are trained with a loss for numbers (mse, mae, huber);
    the network ends in a sigmoid or tanh although the loss applies its own softmax or sigmoid, so that the outputs
    are squashed twice; or a regression of two values is trained with the absolute error, whose best answer is the
    commoner one for all rows. In a watched PyTorch loop the graph of the loss shows more: a softmax or sigmoid
    before a loss that has its own, a softmax over the rows of the batch, probabilities where logarithms are expected,
    or outputs of the shape (n, 1) that are compared with targets of the shape (n) and so with those of all rows.

    Do: Keep `loss: auto`: cross-entropy for classes, mse for numbers. Remove the activation after the last layer.

    Picture:

        gradient of an output that is confident and wrong
        cross-entropy  ################
        mse on a squashed output  .       tiny where it matters most

    Source: Golik et al. 2013, "Cross-Entropy vs. Squared Error Training"; NeuraLint (Nikanjam et al. 2021).
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    certain: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("structure|program",)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        if view.program is not None:
            yield from self._program(view, view.program)
        if view.structure is None:
            return
        if view.task.kind == "classification":
            yield from self._classes(view, view.structure)
        elif view.data is not None and name_of(view.settings.get("loss")) == "mae":
            values = len(np.unique(view.data.t))
            if values == 2:
                yield self.finding(
                    view,
                    "The targets have only two values, and `mae` asks for their median: one of the two for all rows.",
                    "Use mse, whose best answer is the share of each value, or train classes with cross-entropy.",
                    evidence={"loss": "mae", "values": values},
                    patches=[{"loss": "mse"}],
                )

    def _program(self, view: View, program: Program) -> Iterable[Finding]:
        """What the graph of another program's loss shows."""
        p, advice = program, "Give the loss the scores as the last layer computes them."
        if p.spread is not None:
            given, made = (tuple(shape) for shape in p.spread)
            said = f"The outputs have the shape {given}, but the loss compares numbers of the shape {made}: "
            said += "each output is compared with the targets of all rows, and the best answer is their mean."
            advice = "Give outputs and targets the same shape (`outputs.squeeze(1)`, or `targets.unsqueeze(1)`)."
        elif p.over_rows:
            said = "The softmax of the loss runs over the rows of the batch, not over the classes."
            advice = "Take the softmax over the axis of the classes (dim=1)."
        elif p.unlogged:
            said = "The loss expects logarithms of probabilities, but gets probabilities: it falls below zero."
            advice = "Use log_softmax, or give the scores themselves to cross_entropy."
        elif p.squashed in ("softmax", "sigmoid", "tanh"):
            said = f"A {p.squashed} squashes the outputs, but the loss expects them unbounded and squashes them itself."
        else:
            return
        told = {"loss": name_of(view.settings.get("loss")), "activation": p.squashed, "shapes": p.spread}
        yield self.finding(view, said, advice, evidence=told)

    def _classes(self, view: View, structure: Structure) -> Iterable[Finding]:
        loss = view.settings.get("loss")
        chosen = str(cast("dict[str, Any]", loss).get("name")) if isinstance(loss, dict) else "softmax_cross_entropy"
        if chosen in ("mse", "mae", "huber"):
            yield self.finding(
                view,
                f"`{chosen}` is a loss for numbers, but the task has {view.task.outputs} classes.",
                "Use cross-entropy: its gradient is large where the network is confident and wrong.",
                evidence={"loss": chosen, "classes": view.task.outputs},
                patches=[{"loss": "auto"}],
            )
            return
        end = structure.output
        if end is not None and end.layer.saturates:
            yield self.finding(
                view,
                f"{end.name} squashes the outputs, but `{chosen}` expects them unbounded and squashes them itself.",
                "Remove the activation after the last layer.",
                evidence={"loss": chosen, "activation": end.layer.name},
                layer=end.name,
                patches=bare_output(view),
            )
