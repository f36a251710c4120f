"""A lock of a run folder: a second process that would write to it gets an error that names the first.

The lock is the system's own (flock), so it falls with the process that holds it, however that dies.
"""

import errno
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.store.opening import open_own
from trainlab.store.writing import named_errors, remove_temporaries

_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


@contextmanager
def locked(folder: Path) -> Generator[None, None, None]:
    """Locks the folder for this process inside the block, and removes temporary files of a killed writer.

    Raises UserError if another process holds it, or if the folder cannot be written to.
    A file system that knows no locks is not locked.
    """
    path = folder / ".lock"
    handle = _take(folder, path)
    try:
        with named_errors(path, "write"):
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()} on {socket.gethostname()}\n".encode())
        for place in (folder, folder / "checkpoints"):
            remove_temporaries(place)
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def held(folder: Path) -> bool:
    """Whether a process holds the lock of this folder now."""
    import fcntl

    try:
        handle = os.open(folder / ".lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _UNSUPPORTED
    finally:
        os.close(handle)
    return False


def _take(folder: Path, path: Path) -> int:
    import fcntl

    while True:
        with named_errors(path, "write"):
            handle = open_own(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip()
            if error.errno in _UNSUPPORTED:
                return handle
            os.close(handle)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise UserError(f"{path}: cannot lock: {error.strerror}") from error
            who = f"process {holder}" if holder else "another process"
            raise UserError(
                f"{folder}: {who} is training in this run folder; wait until it ends, or stop it, and then use --resume"
            ) from error
        with suppress(OSError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        os.close(handle)  # the former owner has just removed the file: try again with a new one
