"""Writing files so that a reader never sees half of one, and so that a full disk is named by its path."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from trainlab.core.errors import UserError


@contextmanager
def named_errors(path: Path, doing: str) -> Generator[None, None, None]:
    """Turns an OSError inside the block into a UserError that names the path: `cannot write: No space left ...`."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot {doing}: {error.strerror or error}") from error


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Writes the whole file or nothing: a temporary file beside it, then one rename.

    `durable` also waits until the disk has it, so that it survives a power cut and not only a killed process.
    """
    temporary = temporary_of(path)
    with named_errors(path, "write"):
        try:
            write_plain(temporary, data)
            if durable:
                sync_file(temporary)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)


def temporary_of(path: Path) -> Path:
    """Where this process writes what is to become the file."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def write_plain(path: Path, data: bytes) -> None:
    """Writes a file as it is, with as few calls as possible. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Waits until the disk has the file's content; one that is not there needs none. Raises UserError."""
    with named_errors(path, "write"):
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the folder's names, where the file system can do so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_temporaries(folder: Path) -> None:
    """Removes what a killed `write_atomic` left behind. Only for whoever holds the folder's lock."""
    with suppress(OSError):
        for left in folder.glob(".*.tmp"):
            left.unlink(missing_ok=True)
