"""Parametric's kernel: the kernel of its activation, mixed with x by a factor for each channel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.lowerings import lowering_of
from trainlab.nn.activations.parametric import Parametric


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer; none if its activation has no kernel."""
    link = chain[at]
    layer, slot = cast(Parametric, link.layer), link.slot
    found = lowering_of(layer.activation, "layers")
    if found is None:
        return 0
    bent, dbent, inner_dx = (slot.tmp[key] for key in ("bent", "dbent", "dx"))
    channels = slot.y.shape[-1]
    sizes, a = [slot.y[0].size // channels, channels], slot.p["a"]
    dx = inner_dx if slot.dx is not None else None
    inner = Link(link.name, layer.activation, replace(slot, y=bent, dy=dbent, dx=dx, p={}, g={}, tmp={}))
    if b.train:
        sums = b.memory((16 * channels,))
        before = [slot.x, a, slot.dy, bent, dbent if dx is not None else None, slot.g["a"], sums]
        b.backward("parametric_backward", sizes, [], before)
    if not found.lower(b, [inner], 0):
        raise ValueError(f"{layer.activation.name} cannot stand inside parametric")
    b.forward("parametric_forward", sizes, [], [slot.x, a, bent, slot.y])
    if b.train and slot.dx is not None:
        b.backward("parametric_join", [slot.y[0].size], [], [slot.dy, dbent, inner_dx, slot.dx])
    return 1
