"""Opens the files of a run folder, which may come from a stranger: a file in it must be what it seems to be.

Nothing follows a link, so that no file outside the folder is read or written, and nothing waits for a FIFO or a device.
"""

import errno
import os
import stat
from pathlib import Path
from typing import IO, cast

LARGEST = 1 << 30  # bytes of a file of rows that a report reads; 300 000 steps take 30 MB
LARGEST_TABLE = 1 << 26  # bytes of a file of settings or facts
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_FLAGS = _NO_LINK | _NO_WAIT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_own(path: Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of the regular file at a path, opened with these flags. The caller closes it.

    Raises OSError if it cannot be opened, is a link, or is no regular file.
    """
    try:
        handle = os.open(path, flags | _FLAGS, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK) and path.is_symlink():
            raise OSError(error.errno, "it is a link; trainlab does not follow links in a run folder") from error
        if error.errno == errno.ENXIO:
            raise OSError(error.errno, "it is not a regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return handle


def reading(path: Path) -> IO[bytes]:
    """The file of a run folder, open for reading. Raises OSError as `open_own`."""
    return cast("IO[bytes]", os.fdopen(open_own(path), "rb"))


def read_own(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file of a run folder. Raises OSError as `open_own`, and if it is larger than `largest` bytes."""
    with reading(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise OSError(errno.EFBIG, f"{size:,} bytes are too many; such a file has at most {largest:,}")
        return file.read()
