"""Writing files so that a reader never sees half of one, and so that a full disk is named by its path."""

import ctypes
import os
import re
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.store.opening import open_own

_MUCH = 32 << 10  # KiB: with more that wait to be written, by any process, files are waited for one by one


@contextmanager
def named_errors(path: Path, doing: str) -> Generator[None, None, None]:
    """Turns an OSError inside the block into a UserError that names the path: `cannot write: No space left ...`."""
    try:
        yield
    except BrokenPipeError:  # `--html /dev/stdout | head`: no error, as anywhere else
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot {doing}: {error.strerror or error}") from error


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Writes the whole file or nothing: a temporary file beside it, then one rename.

    `durable` also waits until the disk has it, so that it survives a power cut and not only a killed process.
    Raises UserError if the disk refuses.
    """
    write_together({path: data}, durable=durable)


def write_output(path: Path, data: bytes) -> None:
    """Writes a file that the user named, whole or not at all.

    A link is followed, and what exists as a device or a FIFO is written into: `--html /dev/stdout` works as in other
    programs. Raises UserError if the path is a folder, or the disk refuses.
    """
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name a file")
    if path.exists() and not path.is_file():
        with named_errors(path, "write"), path.open("wb", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
        return
    with named_errors(path, "write"):
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        if target.is_symlink():  # `Path.resolve` raises for it up to Python 3.12 only
            raise UserError(f"{path}: is a link that leads to itself")
    write_atomic(target, data)


def write_together(files: Mapping[Path, bytes], *, durable: bool = True, needs: Iterable[Path] = ()) -> None:
    """Writes files of one file system, all contents before the first rename; renames in the order given.

    A durable file never says more than the disk holds, even after a power cut: before the first rename the disk has all
    contents, and the files in `needs`, which these files count on. Raises UserError if the disk refuses.
    """
    temporaries = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in files}
    try:
        for path, temporary in temporaries.items():
            with named_errors(path, "write"):
                handle = open_own(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                with os.fdopen(handle, "wb") as file:
                    file.write(files[path])
        if durable:
            _sync_files([*temporaries.values(), *(path for path in needs if path.exists())])
        for path, temporary in temporaries.items():
            with named_errors(path, "write"):
                os.replace(temporary, path)
    except BaseException:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise
    if durable:
        for folder in dict.fromkeys(path.parent for path in files):
            sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the folder's names, where the file system can do so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_temporaries(folder: Path) -> None:
    """Removes what a killed `write_atomic` left behind. Only for the process that holds the folder's lock."""
    with suppress(OSError):
        for left in folder.glob(".*.tmp"):
            left.unlink(missing_ok=True)


def _sync_files(paths: list[Path]) -> None:
    """Waits until the disk has these files, at once where that is possible: one by one takes milliseconds for each."""
    if len(paths) > 1 and _little_waits() and sync_file_system(paths[0]):
        return
    for path in paths:
        with named_errors(path, "write"), path.open("rb") as file:
            os.fsync(file.fileno())


def _little_waits() -> bool:
    """Whether little data in memory waits for a disk, by any process; Linux tells, others count as busy."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return False
    return sum(int(size) for size in re.findall(r"^(?:Dirty|Writeback): +(\d+) kB", text, re.MULTILINE)) < _MUCH


def sync_file_system(path: Path) -> bool:
    """Waits for everything on the path's file system, where the C library can (Linux); whether it could."""
    syncfs = getattr(ctypes.CDLL(None), "syncfs", None) if sys.platform == "linux" else None
    if syncfs is None:
        return False
    handle = os.open(path, os.O_RDONLY)
    try:
        return syncfs(handle) == 0
    finally:
        os.close(handle)
