"""The compiled kernels: finds the build that this machine can run and knows each kernel's address."""

import ctypes
from functools import lru_cache
from pathlib import Path

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.compiled.build import KERNELS, fingerprint, library
from trainlab.engine.compiled.op import Step

_BEST_FIRST = {4: ("v4", "v3", "v1"), 3: ("v3", "v1"), 1: ("v1", "any")}


class Library:
    """One build of the kernels, loaded."""

    def __init__(self, path: Path, level: str) -> None:
        self.path, self.level = path, level
        self.c = ctypes.CDLL(str(path))
        self.c.tl_run.restype = ctypes.c_int64
        self.c.tl_once.restype = ctypes.c_int64
        self.c.tl_lines.restype = ctypes.c_int64
        self.c.tl_labelled.restype = ctypes.c_int64
        self.c.tl_evaluate.restype = ctypes.c_int64
        self.width = int(self.c.tl_width())

    def address(self, kernel: str) -> int:
        """Where a kernel stands. Raises AttributeError if there is none of that name."""
        return ctypes.cast(self.c[f"tl_{kernel}"], ctypes.c_void_p).value or 0

    def once(self, ops: Array, step: Step) -> bool:
        """One pass over the ops; whether all went well."""
        return not self.c.tl_once(ctypes.c_void_p(ops.ctypes.data), ctypes.c_int64(len(ops)), ctypes.byref(step))

    def lines(self, steps: Array, values: Array) -> bytes:
        """CSV lines, a step's number (int64) and a row of values (float64) each, as `repr` spells them."""
        steps, values = np.ascontiguousarray(steps, np.int64), np.ascontiguousarray(values, np.float64)
        room = 30 * (values.size + len(values)) + 48
        out = np.empty(room, np.uint8)
        written = self.c.tl_lines(
            ctypes.c_void_p(steps.ctypes.data),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_int64(len(values)),
            ctypes.c_int64(values.shape[1]),
            ctypes.c_void_p(out.ctypes.data),
        )
        return out[:written].tobytes()

    def labelled(self, step: int, texts: bytes, ends: Array, values: Array) -> bytes:
        """CSV lines: the step, a text of each line's own, and a number (float64) as `repr` spells it.

        texts: one after the other, each up to its place in `ends` (int64).
        """
        room = len(texts) + 60 * len(values) + 48
        out = np.empty(room, np.uint8)
        written = self.c.tl_labelled(
            ctypes.c_int64(step),
            ctypes.c_char_p(texts),
            ctypes.c_void_p(ends.ctypes.data),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_int64(len(values)),
            ctypes.c_void_p(out.ctypes.data),
        )
        return out[:written].tobytes()

    def threads(self, count: int) -> int:
        """From now on kernels use so many threads; how many they used before."""
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
