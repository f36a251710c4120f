"""Laws of inits and models."""

from collections.abc import Iterator

import numpy as np

from trainlab.core.errors import ShapeError
from trainlab.engine.graph import build_graph
from trainlab.nn.init import Init
from trainlab.nn.model import Model
from trainlab.tools.contract.layers import SHAPES

OUTPUTS = 3


def fills_all(init: Init) -> Iterator[str]:
    """It overwrites all weights with finite numbers, in their type, drawing only from its generator."""
    for shape, fan_in, fan_out in (((6, 4), 6, 4), ((3, 3, 2, 5), 18, 45)):
        for dtype in ("f8", "f4"):
            drawn: list[np.ndarray] = []
            for _ in range(2):
                W = np.full(shape, np.nan, dtype)
                init.fill(W, fan_in, fan_out, np.random.default_rng(0))
                drawn.append(W)
            if not np.isfinite(drawn[0]).all():
                yield f"weights of shape {shape} are not all written, or not finite"
            elif not np.array_equal(drawn[0], drawn[1]):
                yield "the same generator gives other weights the second time"


def expands(model: Model) -> Iterator[str]:
    """It expands to layers that fit one another and end with the outputs that the loss needs."""
    fitting = 0
    for shape in SHAPES:
        try:
            layers = [layer.sized(OUTPUTS) for layer in model.expand(shape)]
            nodes = build_graph(layers, shape)
        except ShapeError:
            continue
        fitting += 1
        if not nodes:
            yield f"it has no layers, for rows of {shape}"
        elif nodes[-1].out_shape != (OUTPUTS,):
            yield (
                f"its last layer gives {nodes[-1].out_shape}, not ({OUTPUTS},), for rows of {shape}: end with "
                'Dense(units="output")'
            )
    if not fitting:
        yield f"it takes none of the shapes {', '.join(map(str, SHAPES))}"


LAWS = {"init": [fills_all], "model": [expands]}
