"""Reads a delimited text file (CSV) into a table, and says of a bad cell in which line and column it stands.

Rows are read in blocks and turned into arrays block by block, so that a file of 100 MB takes six seconds and no more
memory than its numbers. A column is numbers if at least 95 % of its cells are; the other cells are then errors.
"""

import csv
import gzip
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.paths import existing_file
from trainlab.data.table import SHOWN, Problems, Table

NUMERIC_SHARE = 0.95  # of the cells that are there; a column with fewer numbers is text
BLOCK = 2_000  # rows
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "."})  # how missing numbers are written

Row = list[str]
Block = tuple[list[int], list[Row]]


def read_delimited(
    path: str,
    *,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    text: Collection[str] = (),
    numbers: Collection[str] = (),
    skip: Collection[str] = (),
    may_miss: Collection[str] = (),
) -> Table:
    """The table in this file (plain or .gz), whose first line holds the column names.

    Columns in `text` stay text and those in `numbers` must be numbers; what the others are is found out. Columns in
    `skip` are left out unread; text columns in `may_miss` may have empty cells. Without a delimiter,
    the one of `, ; tab |` that splits the first line most is taken.
    Raises DataError naming line and column.
    """
    text = set(text)
    while True:
        with _opened(path, encoding) as file:
            reader = _Reader(path, file, delimiter, encoding)
            columns = [_Column(name, name in text, name in numbers, name in may_miss) for name in reader.header]
            kept = [(i, column) for i, column in enumerate(columns) if column.name not in skip]
            lines: list[int] = []
            blocks = _decoded(reader.blocks(), path, encoding)
            first = next(blocks, None)
            if first is None:
                raise DataError(f"{path}: holds column names but no rows")
            for i, column in kept:  # most text columns show in the first block: no need to read the rest in vain
                column.add(first[0], [row[i] for row in first[1]])
            lines += first[0]
            if not (turned := {c.name for _, c in kept if c.is_text}):
                for numbered, rows in blocks:
                    lines += numbered
                    for i, column in kept:
                        column.add(numbered, [row[i] for row in rows])
                turned = {c.name for _, c in kept if c.is_text}
        if not turned:
            return _table(path, [column for _, column in kept], lines)
        text |= turned


def parse_number(cell: str) -> float | None:
    """The finite number that a cell holds, or None.

    >>> parse_number(" 1e3 "), parse_number("1_000"), parse_number("nan")
    (1000.0, None, None)
    """
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) and "_" not in cell else None


@dataclass(slots=True)
class _Column:
    """One column while it is read: arrays of numbers or lists of text, and the cells that are not numbers."""

    name: str
    text: bool
    forced: bool
    may_miss: bool
    blocks: list[Array] = field(default_factory=list[Array])
    seen: dict[str, str] = field(default_factory=dict[str, str])
    bad: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    rows: int = 0
    strays: int = 0  # cells that are neither numbers nor missing
    missing: int = 0

    def add(self, lines: list[int], cells: Row) -> None:
        self.rows += len(cells)
        if self.text:
            stripped = [self.seen.setdefault(cell, cell) for cell in map(str.strip, cells)]
            self.blocks.append(np.array(stripped, dtype=object))
            if "" in self.seen and not self.may_miss:
                self._note(lines, cells, [not cell for cell in stripped])
            return
        values = _numbers(cells)
        if values is None:
            parsed = [parse_number(cell) for cell in cells]
            values = np.array([np.nan if v is None else v for v in parsed])
            self._note(lines, cells, [v is None for v in parsed])
        self.blocks.append(values)

    def _note(self, lines: list[int], cells: Row, bad: list[bool]) -> None:
        for line, cell, is_bad in zip(lines, cells, bad, strict=True):
            if is_bad:
                if cell.strip().lower() in MISSING:
                    self.missing += 1
                else:
                    self.strays += 1
                if len(self.bad) < SHOWN:
                    self.bad.append((line, cell.strip()))

    @property
    def is_text(self) -> bool:
        """Whether it was read as numbers, but is none."""
        there = self.rows - self.missing
        return not self.text and not self.forced and self.strays > (1 - NUMERIC_SHARE) * there


def _numbers(cells: Row) -> Array | None:
    try:
        values = np.array(list(map(float, cells)))
    except ValueError:
        return None
    return values if np.isfinite(values).all() and "_" not in "".join(cells) else None


def _table(path: str, columns: list[_Column], lines: list[int]) -> Table:
    problems = Problems(path)
    for column in columns:
        for line, cell in column.bad:
            what = "missing value" if column.text or cell.lower() in MISSING else f"`{cell}` is not a number"
            problems.add(line, column.name, what)
        problems.more += column.missing + column.strays - len(column.bad)
    settled = all(c.forced or c.text for c in columns if c.bad)
    advice = "" if settled else ", or name the column under `drop` or `categorical`"
    problems.stop("fill these cells in or remove their rows" + advice)
    return Table(path, {c.name: np.concatenate(c.blocks) for c in columns}, np.array(lines, np.int64))


class _Reader:
    """The header and the rows of a file, every row as long as the header."""

    def __init__(self, path: str, file: IO[str], delimiter: str | None, encoding: str) -> None:
        self.path = path
        try:
            first = next((line for line in file if line.strip()), None)
        except UnicodeDecodeError:
            raise DataError(_not_decoded(path, encoding)) from None
        if first is None:
            raise DataError(f"{path}: the file is empty")
        self.delimiter = delimiter or _sniffed(first)
        # the header may hold line breaks in quotes, so it is read by the same reader as the rows
        self.reader = csv.reader(chain([first], file), delimiter=self.delimiter, skipinitialspace=True, strict=True)
        self.header = [name.strip() for name in self._next() or []]
        self._check_header()

    def blocks(self) -> Iterator[Block]:
        """Rows, some thousand at a time, with the line that each begins in."""
        lines: list[int] = []
        rows: list[Row] = []
        width, line = len(self.header), self.reader.line_num + 1
        while (row := self._next()) is not None:
            if len(row) == width:
                lines.append(line)
                rows.append(row)
            elif row:  # an empty line is no row
                raise DataError(
                    f"{self.path}:{line}: {len(row)} cells, but there are {width} columns"
                    + (_quote_hint(row, self.delimiter) if len(row) > width else "")
                )
            line = self.reader.line_num + 1
            if len(rows) == BLOCK:
                yield lines, rows
                lines, rows = [], []
        if rows:
            yield lines, rows

    def _next(self) -> Row | None:
        try:
            return next(self.reader, None)
        except csv.Error as error:
            raise DataError(
                f"{self.path}:{self.reader.line_num}: not CSV: a quote that is never closed, text behind a closing "
                f"quote, or a cell of more than {csv.field_size_limit()} characters"
            ) from error

    def _check_header(self) -> None:
        where, seen = f"{self.path}:1", dict[str, int]()
        if all(parse_number(name) is not None for name in self.header):
            raise DataError(f"{where}: the first line must hold the column names; found numbers only")
        for i, name in enumerate(self.header, 1):
            if not name:
                raise DataError(f"{where}: column {i} has no name; name it, or remove it if it only counts the rows")
            if name in seen:
                raise DataError(f"{where}: columns {seen[name]} and {i} are both named `{name}`; rename one")
            seen[name] = i


def _sniffed(line: str) -> str:
    """The delimiter that splits this line into most cells; a comma where none does."""
    return max(",;\t|", key=lambda d: len(next(csv.reader([line], delimiter=d))))


def _quote_hint(row: Row, delimiter: str) -> str:
    return f'; a cell that holds `{delimiter}` must stand in quotes: "a{delimiter} b"'


def _opened(path: str, encoding: str) -> IO[str]:
    file = existing_file(path)
    with file.open("rb") as raw:
        start = raw.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding == "utf-8":
        raise DataError(f"{path}: is UTF-16, not UTF-8; set `encoding: utf-16`, or save it as UTF-8")
    codec = "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding
    try:
        if start[:2] == b"\x1f\x8b":
            return gzip.open(file, "rt", encoding=codec, newline="")
        return file.open(encoding=codec, newline="")
    except LookupError:
        raise DataError(f"data.encoding: there is no text encoding `{encoding}`; most files are utf-8") from None


def _decoded(blocks: Iterator[Block], path: str, encoding: str) -> Iterator[Block]:
    try:
        yield from blocks
    except UnicodeDecodeError:
        raise DataError(_not_decoded(path, encoding)) from None
    except EOFError:
        raise DataError(f"{path}: the file is truncated: its gzip data ends too early") from None


def _not_decoded(path: str, encoding: str) -> str:
    data = Path(path).expanduser().read_bytes()
    stored = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
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
