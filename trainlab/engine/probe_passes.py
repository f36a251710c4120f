"""Passes of rows through a network that store and sum every layer's output, for probes."""

from trainlab.engine.backend import Backend
from trainlab.engine.buffers import Workspace
from trainlab.engine.probe_sums import ProbeSums


class ProbePasses:
    """Passes through a workspace, which holds as many rows as go through together.

    sums: of the inputs and of each layer's outputs, over all rows since the last `sums.reset()` · forward(rows): all
    outputs of the first rows of x · backward(rows): all gradients from dy, in a training workspace · add(rows): add the
    rows that went through last to the sums.
    """

    def __init__(self, backend: Backend, work: Workspace) -> None:
        self.work, self.sums = work, ProbeSums(work.nodes)
        run = backend.prepare_passes(work, self.sums)
        self.forward, self.backward, self.add = run.forward, run.backward, run.add
