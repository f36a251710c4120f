"""The one table: which function turns a layer, with its settings, into ops. To add a kernel, add its lowering here.

A lowering gets the chain and the place of its layer in it, emits the ops, and says how many layers it took: it may
take those that follow it too (dense and relu in one pass). It takes none (0) where it has no kernel for these
settings; the layer then runs its NumPy method inside the plan.
"""

from collections.abc import Callable, Sequence

import numpy as np

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.lower_activations import KERNELS, lower_activation, lower_prelu
from trainlab.engine.compiled.lower_conv import lower_conv
from trainlab.engine.compiled.lower_dense import lower_dense, lower_drop_connect, lower_dropout, lower_maxout
from trainlab.engine.compiled.lower_normalization import lower_batch_norm, lower_row_norm
from trainlab.engine.compiled.lower_pooling import lower_avg_pool, lower_global_avg_pool, lower_max_pool

Lowering = Callable[[Builder, Sequence[Link], int], int]

LAYERS: dict[str, Lowering] = {
    "dense": lower_dense,
    "maxout": lower_maxout,
    "dropout": lower_dropout,
    "drop_connect": lower_drop_connect,
    "prelu": lower_prelu,
    "conv": lower_conv,
    "max_pool": lower_max_pool,
    "avg_pool": lower_avg_pool,
    "global_avg_pool": lower_global_avg_pool,
    "batch_norm": lower_batch_norm,
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm"), lower_row_norm),
    **dict.fromkeys(KERNELS, lower_activation),
}


def _no_kernel(b: Builder, chain: Sequence[Link], at: int) -> int:
    return 0


def lower_chain(b: Builder, chain: Sequence[Link], numpy: Callable[[Builder, Link], None]) -> None:
    """The ops of a chain of layers; `numpy` adds those of a layer that has no kernel."""
    at = 0
    while at < len(chain):
        link = chain[at]
        if link.layer.view:
            at += 1
            continue
        if link.layer.name == "residual":
            _lower_residual(b, link, numpy)
            at += 1
            continue
        with b.group():
            lower = LAYERS.get(link.layer.name, _no_kernel)
            taken = lower(b, [link], 0) if b.apart else lower(b, chain, at)
            if not taken:
                numpy(b, link)
        at += taken or 1


def _lower_residual(b: Builder, link: Link, numpy: Callable[[Builder, Link], None]) -> None:
    """y = f(x) + shortcut(x). Backward runs what is emitted last first: dy is shared out, branches, dx is their sum."""
    slot, branches = link.slot, link.branches
    size, size_in = (int(np.prod(a.shape[1:])) for a in (slot.y, slot.x))
    inner, beside = branches[0], branches[1] if len(branches) == 2 else ()
    if b.train and slot.dx is not None:
        shortcut = beside[0].slot.dx if beside else slot.dy
        with b.group():
            b.backward("add", [size_in], [], [inner[0].slot.dx, shortcut, slot.dx])
    for branch in branches:
        lower_chain(b, branch, numpy)
    b.forward("add", [size], [], [inner[-1].slot.y, beside[-1].slot.y if beside else slot.x, slot.y])
    if b.train:
        with b.group():
            for branch in branches:
                b.backward("add", [size], [], [slot.dy, None, branch[-1].slot.dy])
