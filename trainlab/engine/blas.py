"""How many threads the matrix products use: pinned, because the same product has other last bits on other numbers."""

from contextlib import AbstractContextManager


def pinned(threads: int) -> AbstractContextManager[object]:
    """While the block lasts, NumPy's BLAS works with so many threads."""
    from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]  # it has none

    return threadpool_limits(limits=threads, user_api="blas")
