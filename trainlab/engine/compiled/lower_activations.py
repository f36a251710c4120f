"""Activations as ops: one kernel each, with the settings as numbers."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.lower_dense import backward_of_relu, masks_relu
from trainlab.nn.activations.elu import ELU
from trainlab.nn.activations.gelu import GELU
from trainlab.nn.activations.leaky_relu import LeakyReLU
from trainlab.nn.activations.prelu import PReLU
from trainlab.nn.layer import Layer

SELU = (1.6732632423543772, 1.0507009873554805)  # alpha, scale

KERNELS: dict[str, Callable[[Layer], tuple[str, Sequence[float]]]] = {
    "relu": lambda _: ("relu", ()),
    "leaky_relu": lambda layer: ("leaky_relu", (cast(LeakyReLU, layer).slope,)),
    "elu": lambda layer: ("elu", (cast(ELU, layer).alpha, 1.0)),
    "selu": lambda _: ("elu", SELU),
    "sigmoid": lambda _: ("sigmoid", ()),
    "tanh": lambda _: ("tanh", ()),
    "silu": lambda _: ("silu", ()),
    "softplus": lambda _: ("softplus", ()),
    "gelu": lambda layer: ("gelu" if cast(GELU, layer).approximate == "none" else "gelu_tanh", ()),
}


def lower_activation(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = f(x), dx = f'(x) dy."""
    layer, slot = chain[at].layer, chain[at].slot
    kernel, numbers = KERNELS[layer.name](layer)
    size = int(np.prod(slot.y.shape[1:]))
    b.forward(f"{kernel}_forward", [size], numbers, [slot.x, slot.y])
    if b.train and layer.name == "relu":
        if not masks_relu(b, chain, at):
            backward_of_relu(b, slot)
    elif b.train and slot.dx is not None:
        b.backward(f"{kernel}_backward", [size], numbers, [slot.x, slot.y, slot.dy, slot.dx])
    return 1


def lower_prelu(b: Builder, chain: Sequence[Link], at: int) -> int:
    """The slopes learned: one a channel, or one for all."""
    layer, slot = cast(PReLU, chain[at].layer), chain[at].slot
    channels = slot.y.shape[-1] if slot.y.ndim > 1 else 1
    places = int(np.prod(slot.y.shape[1:])) // channels
    sizes, slope = [places, channels, int(layer.shared)], slot.p["slope"]
    b.forward("prelu_forward", sizes, [], [slot.x, slope, slot.y])
    if b.train:
        sums = b.memory((16 * channels,))
        b.backward("prelu_backward", sizes, [], [slot.x, slope, slot.dy, slot.dx, slot.g["slope"], sums])
    return 1
