"""Opens text files, compressed or not, and recognizes files whose content does not match their name."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from trainlab.core.errors import DataError, UserError
from trainlab.data.paths import existing_file

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

    Raises DataError for a file that is known to hold no text.
    """
    file = existing_file(path)
    start = refuse_known_kinds(path, file)
    if start.startswith(b"PK\x03\x04"):
        return _zipped(path, file)
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(file))
    if start.startswith(b"BZh"):
        return bz2.open(file)
    return lzma.open(file) if start.startswith(b"\xfd7zXZ\0") else file.open("rb")


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
            return archive.open(names[0])
    except (*DAMAGED, RuntimeError):  # RuntimeError: it needs a password
        raise DataError(
            f"{path}: the file is encrypted, truncated or damaged: its zip data cannot be unpacked"
        ) from None
