"""Opens text files, compressed or not, and recognizes files whose content does not match their name."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from trainlab.core.errors import DataError, UserError
from trainlab.data.paths import existing_file

_HARMLESS = 1 << 26  # bytes that any file may unpack to
_RATIO = 200  # times its size that a larger one may unpack to: tables shrink to a tenth, and a bomb to a thousandth

# what a damaged archive raises, or one packed in a way that Python cannot unpack
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)

_KINDS = {
    b"PAR1": "a Parquet file: use `name: parquet`",
    b"ARROW1": "an Arrow file: use `name: feather`",
    b"SQLite format 3\0": "an SQLite database: use `name: sqlite`",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file: use `name: hdf5`",
    b"MATLAB 7.3": "a MATLAB 7.3 file: use `name: hdf5`",
    b"MATLAB 5.0": "a MATLAB file: use `name: mat`",
    b"\x93NUMPY": "a NumPy array: use `name: npy`",
    b"\xd0\xcf\x11\xe0": "an Excel file: use `name: excel`",
    b"\x89PNG": "a PNG picture: use `name: image_folder` for a folder of pictures",
    b"\xff\xd8\xff": "a JPEG picture: use `name: image_folder` for a folder of pictures",
    b"$FL2": "an SPSS file: use `name: spss`",
    b"$FL3": "an SPSS file: use `name: spss`",
    b"<stata_dta>": "a Stata file: use `name: stata`",
    b"%PDF": "a PDF document: save its table as CSV",
}


@contextmanager
def parsing(path: str, what: str) -> Generator[None]:
    """Around a parser of others': whatever it raises means that the file is damaged, or is not what its name says.

    Parsers raise errors of many classes on damaged files (zlib's, tokenizers', MemoryError for a size that lies), and
    other ones in each version. Raises DataError; one of ours passes through.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise DataError(f"{path}: {what}") from error


def open_bytes(path: str) -> IO[bytes]:
    """The bytes of this file, uncompressed: plain, .gz, .bz2, .xz, or a .zip with one file in it.

    Raises DataError for a file that is known to hold no text; while it is read, for one that unpacks without an end.
    """
    file = existing_file(path)
    start = refuse_known_kinds(path, file)
    if start.startswith(b"PK\x03\x04"):
        return _zipped(path, file)
    raw = file.open("rb")
    if start.startswith(b"\x1f\x8b"):
        return _unpacking(path, raw, cast("IO[bytes]", gzip.open(raw)))
    if start.startswith(b"BZh"):
        return _unpacking(path, raw, bz2.open(raw))
    return _unpacking(path, raw, lzma.open(raw)) if start.startswith(b"\xfd7zXZ\0") else raw


def refuse_bomb(path: str) -> None:
    """Raises DataError for a packed file whose first part unpacks to far more than its size: parsing is slower."""
    with open_bytes(path) as file:
        if isinstance(getattr(file, "raw", None), _Unpacking):
            while file.tell() <= _HARMLESS and file.read(1 << 20):
                pass


def _unpacking(path: str, raw: IO[bytes], opened: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", io.BufferedReader(_Unpacking(path, raw, opened), 1 << 16))


def _bomb(path: str) -> DataError:
    size = f"over {_HARMLESS / 1e6:,.0f} MB, more than {_RATIO} times its size"
    return DataError(f"{path}: unpacks to {size}; if that is what you want, unpack it first")


class _Unpacking(io.RawIOBase):
    """Compares what comes out of a packed file with what was read of it. Closes both."""

    def __init__(self, path: str, raw: IO[bytes], opened: IO[bytes]) -> None:
        self._path, self._raw, self._opened, self._done = path, raw, opened, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._done = self._opened.seek(offset, whence)
        return self._done

    def tell(self) -> int:
        return self._done

    def readinto(self, buffer: "memoryview[int]") -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        data = self._opened.read(len(buffer))
        self._done += len(data)
        if self._done > max(_HARMLESS, _RATIO * self._raw.tell()):
            raise _bomb(self._path)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._opened.close()
            self._raw.close()
        super().close()


def refuse_known_kinds(path: str, file: Path) -> bytes:
    """The first bytes of a file. Raises DataError for a file of a known kind, which another source reads."""
    with file.open("rb") as raw:
        start = raw.read(16)
    for magic, what in _KINDS.items():
        if start.startswith(magic):
            raise DataError(f"{path}: is {what}")
    return start


def read_text(path: str) -> str:
    """All text of this file, which may be packed. Raises DataError if it is not UTF-8, or damaged."""
    try:
        with open_bytes(path) as file:
            return file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except DAMAGED as error:
        raise DataError(f"{path}: the file is truncated or damaged: it cannot be unpacked") from error


def _zipped(path: str, file: Path) -> IO[bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX/")]
            if "[Content_Types].xml" in names:
                raise DataError(f"{path}: is an Excel file: use `name: excel`")
            if any(name.endswith(".npy") for name in names):
                raise DataError(f"{path}: is a file of NumPy arrays: use `name: npz`")
            if len(names) != 1:
                raise DataError(f"{path}: holds {len(names)} files; unpack it and name one of them")
            member = archive.getinfo(names[0])
            if member.file_size > max(_HARMLESS, _RATIO * member.compress_size):
                raise _bomb(path)
            return archive.open(names[0])
    except (*DAMAGED, RuntimeError):  # RuntimeError: it needs a password
        raise DataError(
            f"{path}: the file is encrypted, truncated or damaged: its zip data cannot be unpacked"
        ) from None
