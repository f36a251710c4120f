"""Reads a delimited text file (CSV) into a raw table: the fast way where that is safe, else row by row."""

import io
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from trainlab.core.errors import DataError
from trainlab.core.home import expanded
from trainlab.core.types import Array
from trainlab.data.careful_csv import read_carefully
from trainlab.data.curable import CurableError
from trainlab.data.dialect import ROW_NAMES, CsvOptions, Dialect, find_dialect, no_header
from trainlab.data.fast_csv import Counts, read_fast
from trainlab.data.header import judge, uniquely_named
from trainlab.data.opening import DAMAGED, open_bytes, refuse_bomb
from trainlab.data.table import Column, Table
from trainlab.data.text_encoding import WRITTEN_IN, guessed_encoding

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
    with _decoded(path, options.encoding) as codec:
        refuse_bomb(path)
        dialect = _dialect(path, options, codec)
        columns, lines = _columns(path, dialect, text, missing, codec)
    header = f"{path}:{dialect.header}"
    named, notes = _named(header, dialect, columns)
    return Table(path, named, lines, header, comma=dialect.delimiter in ";\t", notes=notes, written=dialect.written)


def targets_in_data(path: str, options: CsvOptions, targets: Sequence[str]) -> tuple[dict[str, str], int]:
    """The column of each target where the first line is a row, and the targets are cells of it or name columns by
    their number; and the number of columns. Empty in all other cases.

    Raises DataError where a target is more than one of the cells.
    """
    with _decoded(path, options.encoding) as codec:
        dialect = _dialect(path, replace(options, header=False), codec)
    line, *rows = dialect.first
    if judge(line, rows) != "data" or len(line) < 2:
        return {}, 0
    cells = [cell.strip() for cell in line]
    for target in targets:
        if cells.count(target) > 1:
            found = f", and `{target}` (data.target) is its cell in {cells.count(target)} columns"
            raise DataError(no_header(path, dialect.header, line, rows, found=found))
    found = {t: dialect.names[cells.index(t)] if t in cells else t for t in targets}
    return (found, len(line)) if set(found.values()) <= set(dialect.names) else ({}, 0)


def _dialect(path: str, options: CsvOptions, codec: str) -> Dialect:
    with io.TextIOWrapper(open_bytes(path), codec, newline="") as file:
        end = None
        if options.footer:
            filled = [number for number, line in enumerate(file, 1) if line.strip()]
            end = filled[-options.footer - 1] if len(filled) > options.footer else 0
            file.seek(0)
        return find_dialect(path, file, options, end)


@contextmanager
def _decoded(path: str, encoding: str) -> Generator[str]:
    """The name of the codec. Bytes that it cannot decode, and damaged archives, become DataErrors."""
    try:
        yield _codec(path, encoding)
    except UnicodeDecodeError:
        raise _not_decoded(path, encoding) from None
    except DAMAGED as error:
        raise DataError(f"{path}: the file is truncated or damaged: it cannot be unpacked") from error


def _columns(
    path: str, dialect: Dialect, text: Collection[str], missing: Collection[str], codec: str
) -> tuple[list[Column], Array]:
    as_text = {i for i, name in enumerate(dialect.names) if name in text}
    large = expanded(path).stat().st_size >= FAST
    if (
        large
        and not dialect.blanks
        and dialect.end is None
        and codec.replace("_", "-") in ("utf-8-sig", "ascii", "latin-1", "cp1252")
    ):
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
        elif i == 1 and ROW_NAMES not in notes:
            notes.append("the first column has no name: taken for row numbers or row names and left out")
        elif i > 1 and not column.missing.all():
            raise CurableError(
                f"{header}: column {i} has no name; name it, or name all of them under `columns`",
                "not all columns have a name in the file",
                columns=uniquely_named(dialect.names),
            )
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


def _not_decoded(path: str, encoding: str) -> DataError:
    try:
        with open_bytes(path) as file:
            stored = file.read()
    except DAMAGED:
        return DataError(f"{path}: the file is truncated or damaged: it cannot be unpacked")
    try:
        stored.decode(encoding)
    except UnicodeDecodeError as error:
        line, byte = stored.count(b"\n", 0, error.start) + 1, stored[error.start]
        guess = guessed_encoding(stored)
        return CurableError(
            f"{path}:{line}: byte 0x{byte:02x} is not {encoding}; save the file as UTF-8, or set `encoding: {guess}` "
            f"({WRITTEN_IN[guess]}) or the encoding that it has",
            "the file is not UTF-8; this encoding fits its bytes best",
            encoding=guess,
        )
    return DataError(f"{path}: cannot be read as {encoding}")
