"""A file of lines that grows at its end only. It stays readable if its writer is killed at any byte."""

import os
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

from trainlab.core.errors import UserError
from trainlab.store.opening import open_own, read_own, reading
from trainlab.store.writing import named_errors, write_atomic


class Appender:
    """Base of the writers of lines: the operating system has the appended text before `append` returns.

    `tell` and `truncate` make a run resumable: a checkpoint that needs the file keeps `tell` (see `write_together`);
    resuming cuts the file back to it. `checksum` is that of what was written, whatever a disk makes of it.
    Opening an existing file (`found`) cuts off a torn last line. A new file begins with `header`, which stays.
    Raises UserError if the file cannot be opened or written.
    """

    def __init__(self, path: Path, header: bytes = b"") -> None:
        self.path = path
        self._header = header
        with named_errors(path, "write"):
            self._file = _opened(path)
            self.found = self.tell() > 0
            self.checksum = 0  # CRC-32 of all lines
            if self.found:
                data = read_own(path)
                length = _whole_lines(data)
                self._file.truncate(length)
                self.checksum = crc32(data[:length])
        if header and self.tell() == 0:
            self.append(header)

    def append(self, lines: bytes) -> None:
        """Adds lines, which end with a newline, at the end."""
        with named_errors(self.path, "write"):
            view = memoryview(lines)
            while view:
                view = view[self._file.write(view) :]
        self.checksum = crc32(lines, self.checksum)

    def tell(self) -> int:
        """The position after the last line; a checkpoint stores it for `truncate`."""
        return os.fstat(self._file.fileno()).st_size

    def truncate(self, position: int) -> None:
        """Drops every line after a position of `tell`; 0 drops all lines except the header.

        Raises UserError if the file is shorter than that or has no line end there: it is not the file of that time.
        """
        with named_errors(self.path, "write"):
            size = self.tell()
            position = max(position, len(self._header))
            self._file.seek(max(position - 1, 0))
            at_line_end = position == 0 or (position <= size and self._file.read(1) == b"\n")
            if not at_line_end:
                raise UserError(_no_line_ends(self.path, position, size))
            self._file.truncate(position)
            if position < size:
                self.checksum = crc32(read_own(self.path))

    def exchange(self, lines: bytes, *, durable: bool = True) -> None:
        """Puts these lines in the place of all; a reader sees the old file or the new one."""
        self.close()
        write_atomic(self.path, self._header + lines, durable=durable)
        with named_errors(self.path, "write"):
            self._file = _opened(self.path)
        self.checksum = crc32(self._header + lines)

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _opened(path: Path) -> FileIO:
    return os.fdopen(open_own(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "a+b", buffering=0)


def read_lines(path: Path, length: int | None = None) -> str:
    """The file's whole lines, a torn last line left out; or its first `length` bytes, 0: the header.

    Raises UserError if there is no such file, it cannot be read or is not UTF-8 text, or no line ends there.
    """
    with named_errors(path, "read"):
        data = read_own(path)
    if length == 0:
        length = data.find(b"\n") + 1
    if length is None:
        length = _whole_lines(data)
    elif not data[:length].endswith(b"\n") or len(data) < length:
        raise UserError(_no_line_ends(path, length, len(data)))
    return decoded(path, data[:length])


def require_line_end(path: Path, length: int) -> None:
    """Raises UserError unless a line of the file ends at this position, as `Appender.truncate` needs it."""
    with named_errors(path, "read"), reading(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(length - 1, 0))
        if length and (length > size or file.read(1) != b"\n"):
            raise UserError(_no_line_ends(path, length, size))


def _no_line_ends(path: Path, position: int, size: int) -> str:
    return (
        f"{path}: no line ends at byte {position} (the file has {size} bytes), where the checkpoint "
        "says that its last row ended; it was changed since, and the run cannot be resumed"
    )


def decoded(path: Path, data: bytes) -> str:
    """The bytes as text; a UserError that names the line if they are not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8 text (byte 0x{data[error.start]:02x})") from error


def _whole_lines(data: bytes) -> int:
    """How many bytes of the data are whole lines."""
    return data.rfind(b"\n") + 1
