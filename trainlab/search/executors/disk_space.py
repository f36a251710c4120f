"""Whether the disk is full: then a sweep stops, instead of failing one trial after the other."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.search.executors.job import ExitStatus
from trainlab.store.writing import write_atomic

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LEAST = 1 << 16  # bytes that every trial needs


def is_full(error: BaseException) -> bool:
    """Whether this error, or its cause, means that the disk or the quota is full."""
    cause = error.__cause__
    return (isinstance(error, OSError) and error.errno in _FULL) or (cause is not None and is_full(cause))


def failed_for_space(status: ExitStatus, folder: Path) -> bool:
    """Whether a trial that failed met a full disk, or left one behind."""
    if any(os.strerror(number) in status.last_line for number in _FULL):
        return True
    probe = folder / ".space"
    try:
        write_atomic(probe, bytes(_LEAST), durable=True)
    except UserError as error:
        return is_full(error)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return False


def no_space(folder: Path, why: str) -> UserError:
    """The error that stops the sweep."""
    return UserError(
        f"{why}\nThe disk is full, so the sweep stopped. Finished trials stay, the others continue from their "
        f"checkpoints: free some space, then run `trainlab sweep --resume {folder}`"
    )
