"""Files that are replaced together: at any instant, and after a power cut too, what a file tells of others is true.

A disk takes some milliseconds for every file that is waited for, so files are not waited for one by one: first all
contents are written, under temporary names, and waited for at once; then the files get their names, in the order in
which they were written; then the names are waited for. Hence:

    a checkpoint that is there          the rows that it counts on are on the disk
    a status that says `finished`       everything else of the run is on the disk
    the writer has gone on              all of it is on the disk

(The second holds through a power cut where a file system keeps the order of renames, as ext4, xfs, btrfs, zfs and apfs
do. Elsewhere a cut between the last two waits may show a later file without an earlier one.)
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trainlab.store.appending import Appender
from trainlab.store.writing import named_errors, sync_file, sync_folder, temporary_of, write_plain

_MUCH = 32 << 20  # bytes: with more that wait to be written, whoever's they are, each file is waited for by itself


class Together:
    """Used in a `with` block: what is written inside takes effect at its end, and not at all if the block raises.

    folder: all files lie in it, or in folders inside · grown: files whose lines must be on the disk by then · also:
    files that must be, if they are there.
    """

    def __init__(self, folder: Path, grown: Sequence[Appender] = (), also: Sequence[Path] = ()) -> None:
        self._folder, self._grown, self._also = folder, grown, also
        self._files: list[Path] = []

    def write(self, path: Path, data: bytes) -> None:
        """Give a file this content. Raises UserError if it cannot be written."""
        self._files.append(path)
        with named_errors(path, "write"):
            write_plain(temporary_of(path), data)

    def place(self, path: Path) -> Path:
        """Where a file's newest content is now."""
        return temporary_of(path) if path in self._files else path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None:
                self._take_effect()
        finally:
            for path in self._files:
                with suppress(OSError):
                    temporary_of(path).unlink(missing_ok=True)

    def _take_effect(self) -> None:
        if not _sync_all(self._folder):
            for file in self._grown:
                file.sync()
            for path in [*(temporary_of(path) for path in self._files), *self._also]:
                sync_file(path)
        for path in self._files:
            with named_errors(path, "write"):
                os.replace(temporary_of(path), path)
        for folder in dict.fromkeys(path.parent for path in self._files):
            sync_folder(folder)


def _sync_all(folder: Path) -> bool:
    """Wait for everything on the folder's disk at once, where the system can do that and there is little of it."""
    if not (syncfs := _syncfs()) or _waiting() > _MUCH:
        return False
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        return syncfs(handle) == 0
    finally:
        os.close(handle)


@cache
def _syncfs() -> Any:
    """The system's own, which Python lacks."""
    return getattr(ctypes.CDLL(None), "syncfs", None) if sys.platform == "linux" else None


def _waiting() -> int:
    """Bytes in memory that are to be written to some disk."""
    try:
        with open("/proc/meminfo", "rb") as file:
            lines = dict(line.split(b":", 1) for line in file.read().splitlines())
        return 1024 * sum(int(lines[name].split()[0]) for name in (b"Dirty", b"Writeback"))
    except (OSError, KeyError, ValueError):
        return _MUCH + 1
