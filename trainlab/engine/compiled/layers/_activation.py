"""Activations of one number: y = f(x) and dx = f'(x) dy, one pair of kernels each."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link


def lower_activation(b: Builder, link: Link, kernel: str, settings: Sequence[float] = ()) -> int:
    """Emit KERNEL_forward and KERNEL_backward with these settings; takes one layer."""
    slot, size = link.slot, link.slot.y[0].size
    b.forward(f"{kernel}_forward", [size], settings, [slot.x, slot.y])
    if b.train and slot.dx is not None:
        b.backward(f"{kernel}_backward", [size], settings, [slot.x, slot.y, slot.dy, slot.dx])
    return 1
