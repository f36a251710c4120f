"""How much memory a network takes, computed before any of it is asked for, and how much the machine has."""

import os
from collections.abc import Sequence
from contextlib import suppress
from math import prod
from pathlib import Path

from trainlab.engine.graph import Node

_COPIES = 4  # of the parameters at least: weights, gradient, step and best weights
_CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def least_memory(nodes: Sequence[Node], rows: int, itemsize: int) -> int:
    """The bytes that training these layers takes at least, for batches of `rows` rows: the optimizer's memory, the
    inner arrays of layers and the data come on top.
    """
    every = [inner for node in nodes for inner in node.walk()]
    parameters = sum(prod(param.shape) for node in every for param in node.params.values())
    outputs = sum(prod(node.out_shape) for node in every)
    return itemsize * (_COPIES * parameters + 2 * rows * outputs)


def machine_memory() -> int | None:
    """The bytes of memory of this machine, or of the container that this process runs in; None if unknown."""
    found: list[int] = []
    with suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in _CONTAINER:
        with suppress(OSError, ValueError):
            found.append(int(file.read_text(encoding="ascii")))
    return min((size for size in found if size > 0), default=None)
