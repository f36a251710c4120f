"""A copy of a run's network, and rows to try it on, for the trials of `trainlab check`.

A copy has its own memory and its own randomness, so the trials never change the network of the run.
"""

from collections.abc import Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.network import Net
from trainlab.nn.layer import Layer
from trainlab.training.setup import TrainingSetup

HEAVY = 5e7  # multiplications for one row: in a heavier network a trial takes seconds, so less is tried


def copy_of(setup: TrainingSetup, layers: Sequence[Layer], dtype: str) -> Net:
    """A network with the same layers and parameters as the run's network, in its own memory."""
    experiment = setup.experiment
    train, still = experiment.train, setup.net.frozen
    engine = train.engine if dtype == train.arrays else "auto"
    net = Net(layers, setup.net.shape, frozen=still, dtype=dtype, engine=engine, options=train.torch_options)
    net.load_params(setup.net.params)
    return net


def finite_rows(setup: TrainingSetup, rows: int) -> Array:
    """Indices of the first finite training rows in a fixed random order; fewer if there are not that many."""
    order = setup.streams.named("tiny").permutation(len(setup.t_train))[: 8 * rows]
    x = np.asarray(setup.parts.train.x[order])
    whole = np.isfinite(x.reshape(len(x), -1)).all(axis=1) if x.dtype.kind == "f" else np.ones(len(x), dtype=bool)
    return order[whole][:rows]
