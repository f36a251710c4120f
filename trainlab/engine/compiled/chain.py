"""Lowers a chain of layers to ops: each layer by the lowering of its name, or by its NumPy method.

A lowering gets the chain and its layer's place in it, emits ops, and returns how many layers it took: it may take the
layers that follow too (dense and relu in one pass). It returns 0 if it has no kernel for these settings.
"""

from collections.abc import Sequence

import numpy as np

from trainlab.engine.buffers import Chain, Workspace
from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.lowerings import lowering_of
from trainlab.engine.graph import Node
from trainlab.nn.layers.residual import Residual


def lower_workspace(b: Builder, work: Workspace) -> None:
    """The ops of all layers, in the memory of this workspace."""
    _lower_chain(b, _links(work.nodes, work.chain), work)


def _links(nodes: Sequence[Node], chain: Chain) -> tuple[Link, ...]:
    return tuple(
        Link(node.name, layer, slot, tuple(_links(b, c) for b, c in zip(node.branches, slot.branches, strict=True)))
        for node, (layer, slot) in zip(nodes, chain, strict=True)
    )


def _lower_chain(b: Builder, chain: Sequence[Link], work: Workspace) -> None:
    at = 0
    while at < len(chain):
        at += _lower(b, chain, at, work)


def _lower(b: Builder, chain: Sequence[Link], at: int, work: Workspace) -> int:
    """The ops of the layer at this place; how many layers were taken."""
    link = chain[at]
    if link.layer.view:
        return 1
    if isinstance(link.layer, Residual):
        _lower_residual(b, link, work)
        return 1
    with b.group():
        found = lowering_of(link.layer, "layers")
        taken = 0
        if found is not None:
            taken = found.lower(b, [link], 0) if b.apart else found.lower(b, chain, at)
        if not taken:
            _lower_to_numpy(b, link, work)
        taken = taken or 1
        if not any(one.slot.backward for one in chain[at : at + taken]):
            b.forget_backward()  # frozen, like all layers before it
    return taken


def _lower_to_numpy(b: Builder, link: Link, work: Workspace) -> None:
    """The layer's NumPy methods, called from between the kernels."""
    layer, name = link.layer, link.name
    b.python(
        forward=lambda rows: layer.forward(work.first(rows).slots[name]),
        backward=(lambda rows: layer.backward(work.first(rows).slots[name])) if b.train else None,
    )


def _lower_residual(b: Builder, link: Link, work: Workspace) -> None:
    """y = f(x) + shortcut(x). Backward: dy goes to the branches, dx is the sum of theirs.

    Backward runs the last group first, so the groups stand here in reverse order.
    """
    slot, branches = link.slot, link.branches
    size, size_in = (int(np.prod(a.shape[1:])) for a in (slot.y, slot.x))
    inner, beside = branches[0], branches[1] if len(branches) == 2 else ()
    if b.train and slot.dx is not None:
        shortcut = beside[0].slot.dx if beside else slot.dy
        with b.group():
            b.backward("add", [size_in], [], [inner[0].slot.dx, shortcut, slot.dx])
    for branch in branches:
        _lower_chain(b, branch, work)
    b.forward("add", [size], [], [inner[-1].slot.y, beside[-1].slot.y if beside else slot.x, slot.y])
    if b.train:
        with b.group():
            for branch in branches:
                b.backward("add", [size], [], [slot.dy, None, branch[-1].slot.dy])
