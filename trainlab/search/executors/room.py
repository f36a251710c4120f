"""Whether the disk is full: then a sweep stops, instead of failing one trial after the other."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.search.executors.job import End
from trainlab.store.writing import write_atomic

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LEAST = 1 << 16  # bytes that every trial needs


def is_full(error: BaseException) -> bool:
    """Whether this error, or what it came from, says that the disk or the quota is full."""
    cause = error.__cause__
    return (isinstance(error, OSError) and error.errno in _FULL) or (cause is not None and is_full(cause))


def ended_for_want_of_room(end: End, folder: Path) -> bool:
    """Whether a trial that did not end by itself found the disk full, or has left it so."""
    if any(os.strerror(number) in end.last_words for number in _FULL):
        return True
    try:
        write_atomic(folder / ".room", bytes(_LEAST), durable=True)
    except UserError as error:
        return is_full(error)
    finally:
        with suppress(OSError):
            (folder / ".room").unlink(missing_ok=True)
    return False


def no_room(folder: Path, why: str) -> UserError:
    """What is said when a sweep stops."""
    return UserError(
        f"{why}\nThe disk is full, so the sweep was stopped. What had ended is kept, the rest goes on from its "
        f"checkpoints: make room, then say `trainlab sweep --resume {folder}`"
    )
