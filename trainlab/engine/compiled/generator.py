"""Kernels draw from NumPy's own random generator: the same numbers, and the same state afterwards."""

from functools import lru_cache

import numpy as np

from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.op import OP, Step


def state_of(rng: np.random.Generator) -> int:
    """The address of a generator's state, which NumPy publishes for this use."""
    return int(rng.bit_generator.ctypes.state_address)


@lru_cache(maxsize=4)
def draws_alike(library: Library) -> bool:
    """Whether a kernel draws what NumPy draws. Tried once, because another NumPy may lay out its state differently."""
    size, drop = 4097, 0.3
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    for rng in (ours, theirs):
        rng.random(dtype=np.float32)  # leaves half of a 64-bit output for the next draw
    factor, x, y = np.empty(size, np.float32), np.ones(size, np.float32), np.empty(size, np.float32)
    op = np.zeros(1, OP)
    op["run"] = library.address("dropout_forward")
    op["i"][0, :2] = size, 1  # write the factor too
    op["f"][0, :2] = drop, 1.0
    op["p"][0, :4] = [state_of(ours), factor.ctypes.data, x.ctypes.data, y.ctypes.data]
    library.once(op, Step(1))
    drawn = theirs.random(size, dtype=np.float32) >= np.float32(drop)
    return bool(np.array_equal(factor, drawn)) and ours.bit_generator.state == theirs.bit_generator.state
