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
FOLDERS = ("checkpoints", "plugins", "fixes", "trials")  # in a run or a sweep
_MARKS = ("status.json", "metrics.csv", "sweep.yaml", "trials.csv")  # beside them
_DEEPEST = 6  # folders of a sweep: trials/0001/2/fixes/fix-1/checkpoints
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_FLAGS = _NO_LINK | _NO_WAIT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_own(path: Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of the regular file at a path, opened with these flags. The caller closes it.

    Raises OSError if it cannot be opened, is no regular file, or is a link, or in a folder of the run that is one.
    """
    if _linked(path):
        raise OSError(errno.ELOOP, "its folder is a link; trainlab does not follow links in a run folder")
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


def _linked(path: Path) -> bool:
    """Whether a folder inside a run or sweep is a link. The run or sweep itself may be one: its user has placed it."""
    folders = list(path.parents)[:_DEEPEST]
    for i, folder in reversed(list(enumerate(folders))):
        if folder.name in FOLDERS and any(os.path.lexists(folder.parent / name) for name in _MARKS):
            return any(inner.is_symlink() for inner in folders[: i + 1])
    return False


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
