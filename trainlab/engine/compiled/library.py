"""The compiled kernels: finds the best build for this processor and the address of each kernel."""

import ctypes
from functools import lru_cache
from pathlib import Path

from trainlab.core.types import Array
from trainlab.engine.compiled.build import KERNELS, fingerprint, library
from trainlab.engine.compiled.op import Step

_BEST_FIRST = {4: ("v4", "v3", "v1"), 3: ("v3", "v1"), 1: ("v1", "any")}


class Library:
    """A loaded build of the kernels. level: of the processor (v4, v3, v1, any) · width: floats in a vector."""

    def __init__(self, path: Path, level: str) -> None:
        self.path, self.level = path, level
        self.c = ctypes.CDLL(str(path))
        self.c.tl_run.restype = ctypes.c_int64
        self.c.tl_once.restype = ctypes.c_int64
        self.c.tl_evaluate.restype = ctypes.c_int64
        self.width = int(self.c.tl_width())

    def address(self, kernel: str) -> int:
        """The address of a kernel. Raises AttributeError if there is none of that name."""
        return ctypes.cast(self.c[f"tl_{kernel}"], ctypes.c_void_p).value or 0

    def once(self, ops: Array, step: Step) -> bool:
        """Run the ops once. Returns False if a Python function between them raised."""
        return not self.c.tl_once(ctypes.c_void_p(ops.ctypes.data), ctypes.c_int64(len(ops)), ctypes.byref(step))

    def threads(self, count: int) -> int:
        """Use so many threads from now on. Returns how many were used before."""
        return int(self.c.tl_threads(count))


@lru_cache(maxsize=1)
def _found() -> tuple[Library | None, str]:
    stamp = fingerprint()
    made = {level: KERNELS / library(level, stamp) for level in ("v1", "any", "v3", "v4")}
    there = {level: path for level, path in made.items() if path.exists()}
    if not there:
        stale = any(KERNELS.glob("kernels-*.so"))
        return None, "its kernels are of other sources: install again" if stale else "no compiler at install"
    try:
        level = ctypes.CDLL(str(next(iter(there.values())))).tl_level()
        best = next(name for name in _BEST_FIRST[level] if name in there)
        return Library(there[best], best), ""
    except (OSError, StopIteration) as error:
        return None, f"its kernels cannot be loaded: {error}"


def load() -> Library | None:
    """The kernels, or None where there are none for this machine."""
    return _found()[0]


def why_not() -> str:
    """Why there are no kernels; empty if there are."""
    return _found()[1]
