"""wrong-loss: the loss does not fit the task."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

import numpy as np

from trainlab.diagnose._patches import bare_output, name_of
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.structure import Structure
from trainlab.diagnose.view import View


class WrongLoss(Monitor, name="wrong-loss"):
    """The loss is made for another task. For classes, the squared error has tiny gradients where the network is
    confident and wrong.

    Read from the config, without a measurement: classes are trained with a loss for numbers (mse, mae, huber);
    the network ends in a sigmoid or tanh although the loss applies its own softmax or sigmoid, so that the outputs
    are squashed twice; or a regression of two values is trained with the absolute error, whose best answer is the
    commoner one for all rows.

    Do: Keep `loss: auto`: cross-entropy for classes, mse for numbers. Remove the activation after the last layer.

    Picture:

        gradient of an output that is confident and wrong
        cross-entropy  ################
        mse on a squashed output  .       tiny where it matters most

    Source: Golik et al. 2013, "Cross-Entropy vs. Squared Error Training"; NeuraLint (Nikanjam et al. 2021).
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    certain: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("structure",)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
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
