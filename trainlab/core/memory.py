"""Gives freed memory back to the system."""

import ctypes


def release() -> None:
    """Give the memory of arrays that are gone back to the system, where the C library can do so (glibc's malloc_trim).

    Reading a table leaves holes of many freed columns between arrays that stay. Costs about a millisecond.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another C library, which has its own way
        return
