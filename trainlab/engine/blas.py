"""How many threads work on a step: pinned, because a product in NumPy's BLAS has other last bits on other numbers.

The compiled kernels give the same bits on any number of threads, so they take every core unless they are told
otherwise; NumPy's BLAS keeps to one. A sweep sets OMP_NUM_THREADS to 1 for its trials.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

Threads = int | Literal["auto"]


@contextmanager
def pinned(threads: Threads) -> Generator[None]:
    """While the block lasts, kernels and NumPy's BLAS work with so many threads; auto: every core, and one."""
    from trainlab.core.thread_pools import thread_pools
    from trainlab.engine.compiled.library import load

    library = load()
    before = library.threads(cores() if threads == "auto" else threads) if library is not None else 1
    try:
        with thread_pools().limit(limits=1 if threads == "auto" else threads, user_api="blas"):
            yield
    finally:
        if library is not None:
            library.threads(before)


def cores() -> int:
    """How many cores this process may use; as many as OMP_NUM_THREADS says, where it is set."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdecimal() and int(said):
        return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
