"""One layer's slot with memory of its own."""

import numpy as np

from trainlab.engine.buffers import Workspace
from trainlab.engine.graph import build_graph


def slot_for(layer, shape, rows, *, dtype=np.float64, rng=None, train=True, need_dx=True):
    """A slot whose weights have variance 1/fan_in; other params start at `fill`."""
    rng = rng or np.random.default_rng(0)
    nodes = build_graph([layer], shape)
    params, grads = {}, {}
    for node in nodes[0].walk():
        for key, param in node.params.items():
            name = f"{node.name}.{key}"
            params[name] = np.full(param.shape, param.fill, dtype)
            if param.role == "weight":
                params[name][...] = rng.normal(size=param.shape) / np.sqrt(max(1, param.fan_in))
            if param.trained:
                grads[name] = np.zeros(param.shape, dtype)
    work = Workspace(nodes, params, grads, rows=rows, dtype=np.dtype(dtype), rng=rng, train=train, need_dx=need_dx)
    return work.chain[0][1]
