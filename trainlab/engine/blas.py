"""How many threads compute: fixed while a block lasts, because it decides the last bits of NumPy's matrix products.

The compiled kernels give the same bits on any number of threads, so they use every core by default. NumPy's BLAS does
not, so it gets one thread. PyTorch does not either, but who asks for it wants its speed: it gets every core, too. A
sweep sets OMP_NUM_THREADS to 1 for its trials.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from trainlab.engine.compiled.library import load
from trainlab.store.environment import thread_pools

Threads = int | Literal["auto"]


@contextmanager
def pinned(threads: Threads, *, torch: bool = False) -> Generator[None]:
    """Inside the block kernels and NumPy's BLAS use so many threads; `auto`: all cores for kernels, one for BLAS.

    torch: PyTorch trains, on as many threads as kernels would. Never more than there are processors: a run made on a
    larger machine is resumed on what is there.
    """
    library = load()
    if threads != "auto":
        threads = min(threads, os.cpu_count() or 1)
    many = cores() if threads == "auto" else threads
    before = library.threads(many) if library is not None else 1
    module: Any = import_module("torch") if torch and find_spec("torch") is not None else None
    torchs = module.get_num_threads() if module is not None else 1
    try:
        if module is not None:
            module.set_num_threads(many)
        with thread_pools().limit(limits=1 if threads == "auto" else threads, user_api="blas"):  # pyright: ignore[reportUnknownMemberType]
            yield
    finally:
        if module is not None:
            module.set_num_threads(torchs)
        if library is not None:
            library.threads(before)


def cores() -> int:
    """How many cores this process may use: OMP_NUM_THREADS if it is set, else what the system allows."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
