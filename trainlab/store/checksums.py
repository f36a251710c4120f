"""Checksums of a run's files: whether each is as it was when it was written.

status.json lists the checksum of config.yaml, and when the run has ended of each file; its last line is one of itself.
The last checkpoint has those of the rows before it. Older runs have none, and nothing is said of their files.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO
from zlib import crc32

from trainlab.core.errors import UserError
from trainlab.store.folder import RUN_FILES
from trainlab.store.opening import LARGEST, reading
from trainlab.store.writing import named_errors

FILES = tuple(file.name for file in RUN_FILES if file.name != "status.json")  # which has a checksum of its own
ROWS = tuple(Path(name).stem for name in FILES if name.endswith(".csv"))  # by the names that a checkpoint has for them
_PART = 1 << 20  # bytes that are read at once
_OWN = re.compile(rb',\n  "checksum": (\d{1,10})\n}\n\Z')
CHANGED = "was changed after it was written"


def of_file(path: Path, length: int = sys.maxsize) -> int:
    """The checksum of a file of a run, or of its first `length` bytes. Raises UserError if it cannot be read."""
    with named_errors(path, "read"), reading(path) as file:
        return _checksum(file, length)


def of_files(folder: Path, names: Iterable[str] = FILES) -> dict[str, int]:
    """The checksums of these files of a run by name, as far as they exist, can be read, and are not too large."""
    found: dict[str, int] = {}
    for name in names:
        try:
            checksum = _if_read(folder / name)
        except UserError:
            continue
        if checksum is not None:
            found[name] = checksum
    return found


def signed(data: bytes) -> bytes:
    """The bytes of a JSON table, indented by two, with their checksum as its last entry."""
    head = data.rstrip().removesuffix(b"}").rstrip()
    return head + f',\n  "checksum": {crc32(head)}\n}}\n'.encode()


def sign_fits(data: bytes) -> bool:
    """Whether bytes of `signed` are as they were written; true for a table without a checksum."""
    match = _OWN.search(data)
    return int(match[1]) == crc32(data[: match.start()]) if match else b'"checksum"' not in data


def changed(path: Path, listed: Mapping[str, int]) -> bool:
    """Whether a file of a run is another one than its status lists. Raises UserError if it cannot be read."""
    return path.name in listed and _if_read(path) != listed[path.name]


def _if_read(path: Path) -> int | None:
    """The checksum of a file; None if no command reads so large a one: nothing lists it, and it would take seconds."""
    with named_errors(path, "read"), reading(path) as file:
        return _checksum(file) if os.fstat(file.fileno()).st_size <= LARGEST else None


def _checksum(file: IO[bytes], length: int = sys.maxsize) -> int:
    found = 0
    while length > 0 and (part := file.read(min(length, _PART))):
        found, length = crc32(part, found), length - len(part)
    return found
