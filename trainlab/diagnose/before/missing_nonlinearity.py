"""missing-nonlinearity: without an activation, several layers are one linear map."""

from collections.abc import Iterable
from typing import ClassVar

from trainlab.diagnose._patches import activation
from trainlab.diagnose._words import named
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor, When
from trainlab.diagnose.view import View


class MissingNonlinearity(Monitor, name="missing-nonlinearity"):
    """Several layers with weights follow each other without a nonlinearity. Together they compute one linear map,
    which a single layer could compute, too.

    Read from the list of layers, without a measurement. It is a warning if nothing between the first and the last
    layer with weights is nonlinear (an activation other than `identity`, max pooling or maxout): then the whole
    network is linear. Layers that are narrower than input and output are taken as meant, as in a linear autoencoder. In
    a watched PyTorch loop the graph of the loss shows it, also of a network whose activations are made but not called.

    Do: Put an activation (relu) between the layers with weights, or merge them into one.

    Picture:

        what can be separated
        with relu      ( o o )x x      curves: rings and spirals
        without        o o | x x       a straight line, at any depth

    Source: CS231n, "Neural Networks Part 1"; NeuraLint (Nikanjam et al. 2021), rule "missing activation".
    """

    when: ClassVar[tuple[When, ...]] = ("start",)
    certain: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("structure|program",)

    def inspect(self, view: View) -> Iterable[Finding]:
        """Before the first step."""
        structure = view.structure
        if view.program is not None and view.program.linear:
            yield self.finding(
                view,
                f"There is no nonlinearity between {view.program.linear} layers with weights: together they are one "
                "linear map.",
                "Apply an activation after each hidden layer; look for one that is made but not called.",
                evidence={"layers": view.program.linear},
            )
            return
        weighted = structure.weighted if structure is not None else []
        if structure is None or len(weighted) < 2 or structure.has_waist:
            return
        between = structure.parts[weighted[0] : weighted[-1]]
        if not any(part.bends for part in between):
            names = [structure.parts[i].name for i in weighted]
            yield self.finding(
                view,
                f"There is no nonlinearity between {named(names)}: together they are one linear map.",
                "Put an activation after each hidden layer.",
                evidence={"layers": names},
                layer=names[0],
                patches=activation(view, "relu"),
            )
