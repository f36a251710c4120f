"""The libraries of this process that compute with threads of their own: BLAS, OpenMP."""

import sys
from functools import lru_cache
from typing import Any


def thread_pools() -> Any:
    """Their `ThreadpoolController`. Looking for them takes a millisecond, so it is done again only if a module has been
    imported since: that is how libraries come in.
    """
    import threadpoolctl  # pyright: ignore[reportMissingTypeStubs, reportUnusedImport]  # noqa: F401 - it has none, and
    # is counted below

    return _found(len(sys.modules))


@lru_cache(maxsize=1)
def _found(_modules: int) -> Any:
    from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]  # it has none

    return ThreadpoolController()
