"""The one table: which function turns a layer, with its settings, into ops. To add a kernel, add its lowering here.

A lowering gets the chain and the place of its layer in it, emits the ops, and says how many layers it took: it may
take those that follow it too (dense and relu in one pass). It takes none (0) where it has no kernel for these
settings; the layer then runs its NumPy method inside the plan.
"""

from collections.abc import Callable, Sequence

from trainlab.engine.plan.builder import Builder, Link
from trainlab.engine.plan.lower_dense import lower_dense

Lowering = Callable[[Builder, Sequence[Link], int], int]

LAYERS: dict[str, Lowering] = {
    "dense": lower_dense,
}


def lower_chain(b: Builder, chain: Sequence[Link], numpy: Callable[[Builder, Link], None]) -> None:
    """The ops of a chain of layers; `numpy` adds those of a layer that has no kernel."""
    at = 0
    while at < len(chain):
        link = chain[at]
        if link.layer.view:
            at += 1
            continue
        with b.group():
            lower = LAYERS.get(link.layer.name)
            taken = lower(b, chain, at) if lower is not None else 0
            if not taken:
                numpy(b, link)
        at += taken or 1
