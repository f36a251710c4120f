"""Reads a delimited text file (CSV) into a raw table: the fast way where that is safe, else row by row."""

import io
from collections.abc import Collection
from pathlib import Path

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.careful_csv import read_carefully
from trainlab.data.dialect import CsvOptions, Dialect, find_dialect
from trainlab.data.fast_csv import Counts, read_fast
from trainlab.data.opening import DAMAGED, open_bytes
from trainlab.data.table import Column, Table

FAST = 1 << 20  # bytes from which on importing pandas costs less than reading row by row


def read_delimited(
    path: str,
    options: CsvOptions,
    *,
    text: Collection[str] = (),
    missing: Collection[str] = (),
) -> Table:
    """The table in this file. Columns in `text` stay as written; `missing` are further markers of missing cells.

    Raises DataError naming the line of a row that cannot be read.
    """
    codec = _codec(path, options.encoding)
    try:
        with io.TextIOWrapper(open_bytes(path), codec, newline="") as file:
            dialect = find_dialect(path, file, options)
        columns, lines = _columns(path, dialect, text, missing, codec)
    except UnicodeDecodeError:
        raise DataError(_not_decoded(path, options.encoding)) from None
    except DAMAGED as error:
        raise DataError(f"{path}: the file is truncated or damaged: it cannot be unpacked") from error
    header = f"{path}:{dialect.header}"
    named, notes = _named(header, dialect, columns)
    return Table(path, named, lines, header, dialect.delimiter in ";\t", notes)


def _columns(
    path: str, dialect: Dialect, text: Collection[str], missing: Collection[str], codec: str
) -> tuple[list[Column], Array]:
    as_text = {i for i, name in enumerate(dialect.names) if name in text}
    large = Path(path).expanduser().stat().st_size >= FAST
    if large and not dialect.blanks and codec.replace("_", "-") in ("utf-8-sig", "ascii", "latin-1", "cp1252"):
        with open_bytes(path) as file:
            counts = Counts.of(file, dialect.delimiter)
        with open_bytes(path) as file:
            found = read_fast(file, counts, dialect, as_text, missing, codec)
        if found is not None:
            return found
    with io.TextIOWrapper(open_bytes(path), codec, newline="") as file:
        return read_carefully(path, file, dialect, as_text, missing)


def _named(header: str, dialect: Dialect, columns: list[Column]) -> tuple[dict[str, Column], tuple[str, ...]]:
    """The columns by name. A column without a name is left out if it is empty or the first, else an error."""
    named, notes = dict[str, Column](), list(dialect.notes)
    for i, (name, column) in enumerate(zip(dialect.names, columns, strict=True), 1):
        if name:
            named[name] = column
        elif i == 1 and not dialect.notes:
            notes.append("the first column has no name: taken for row numbers or row names and left out")
        elif i > 1 and not column.missing.all():
            raise DataError(f"{header}: column {i} has no name; name it, or name all of them under `columns`")
    return named, tuple(notes)


def _codec(path: str, encoding: str) -> str:
    try:
        "".encode(encoding)
    except LookupError:
        raise DataError(f"data.encoding: there is no text encoding `{encoding}`; most files are utf-8") from None
    if encoding.lower().replace("-", "").replace("_", "") != "utf8":
        return encoding.lower()
    with open_bytes(path) as file:
        try:
            start = file.read(2)
        except DAMAGED:
            raise DataError(f"{path}: the file is truncated or damaged: it cannot be unpacked") from None
    if start in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{path}: is UTF-16, not UTF-8; set `encoding: utf-16`, or save it as UTF-8")
    return "utf-8-sig"


def _not_decoded(path: str, encoding: str) -> str:
    with open_bytes(path) as file:
        stored = file.read()
    try:
        stored.decode(encoding)
    except UnicodeDecodeError as error:
        line = stored.count(b"\n", 0, error.start) + 1
        byte = stored[error.start]
        return (
            f"{path}:{line}: byte 0x{byte:02x} is not {encoding}; save the file as UTF-8, or set `encoding: latin-1` "
            "(Western Europe) or the encoding that it has"
        )
    return f"{path}: cannot be read as {encoding}"
