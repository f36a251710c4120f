"""How many threads compute: fixed while a block lasts, because it decides the last bits of NumPy's matrix products.

The compiled kernels give the same bits on any number of threads, so they use every core by default. NumPy's BLAS does
not, so it gets one thread. A sweep sets OMP_NUM_THREADS to 1 for its trials.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

from trainlab.engine.compiled.library import load
from trainlab.store.environment import thread_pools

Threads = int | Literal["auto"]


@contextmanager
def pinned(threads: Threads) -> Generator[None]:
    """Inside the block kernels and NumPy's BLAS use so many threads; `auto`: all cores for kernels, one for BLAS.

    Never more than there are processors: a run made on a larger machine is resumed on what is there.
    """
    library = load()
    if threads != "auto":
        threads = min(threads, os.cpu_count() or 1)
    before = library.threads(cores() if threads == "auto" else threads) if library is not None else 1
    try:
        with thread_pools().limit(limits=1 if threads == "auto" else threads, user_api="blas"):  # pyright: ignore[reportUnknownMemberType]
            yield
    finally:
        if library is not None:
            library.threads(before)


def cores() -> int:
    """How many cores this process may use: OMP_NUM_THREADS if it is set, else what the system allows."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
