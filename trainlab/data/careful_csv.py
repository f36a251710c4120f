"""Reads a delimited text file row by row with Python's csv module: slow, but it knows the line of every fault."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.curable import CurableError
from trainlab.data.dialect import Dialect, Row, read_rows
from trainlab.data.table import MISSING, Column, Numbers, Texts, code_among

SHORT = "; give every row {} cells (an empty cell is a missing value)"
MOST_NOTES = 20  # lines below a table that may be notes
BLOCK = 2_000  # rows that become arrays at once

Block = tuple[list[int], list[Row]]


def read_carefully(
    path: str, file: IO[str], dialect: Dialect, text: Collection[int], missing: Collection[str]
) -> tuple[list[Column], Array]:
    """The columns (those in `text` as texts), and the line that each row begins in. Raises DataError.

    Numbers become arrays block by block; a column with a cell that is no number is read once more, as text.
    """
    markers = MISSING | {marker.strip().lower() for marker in missing}
    as_text = set(text)
    while True:
        file.seek(0)
        columns = [_Column(i in as_text, markers) for i in range(len(dialect.names))]
        lines: list[int] = []
        for numbered, rows in _blocks(path, file, dialect):
            lines += numbered
            for i, column in enumerate(columns):
                column.add([row[i] for row in rows])
        if not lines:
            raise DataError(f"{path}: holds column names but no rows")
        turned = {i for i, column in enumerate(columns) if column.turned}
        if not turned:
            return [column.done() for column in columns], np.array(lines, np.int64)
        as_text |= turned


@dataclass(slots=True)
class _Column:
    """A column while it is read. `turned`: it was read as numbers, but is not all numbers. `code`: as in `Numbers`."""

    text: bool
    markers: Collection[str]
    blocks: list[Array] = field(default_factory=list[Array])
    known: dict[str, int] = field(default_factory=dict[str, int])
    turned: bool = False
    code: str = ""

    def add(self, cells: Row) -> None:
        """Take in a block of cells, as codes if the column is text, else as numbers, until one is none: `turned`."""
        if self.turned:
            return
        if self.text:
            codes = [self.known.setdefault(cell, len(self.known)) for cell in map(str.strip, cells)]
            self.blocks.append(np.array(codes, np.int64))
            return
        values = _numbers(cells)
        if values is None:
            values = _numbers(["nan" if cell.strip().lower() in self.markers else cell for cell in cells])
        self.turned = values is None
        if values is not None:
            self.blocks.append(values)
            self.code = self.code or code_among(cells)

    def done(self) -> Column:
        cells = np.concatenate(self.blocks)
        return Texts(cells, tuple(self.known)) if self.text else Numbers(cells, self.code)


def _numbers(cells: Row) -> Array | None:
    """The cells as numbers, nan for `nan`; None if any is infinite or no number."""
    try:
        values = np.array(list(map(float, cells)))
    except ValueError:
        return None
    return None if np.isinf(values).any() or "_" in "".join(cells) else values


def _blocks(path: str, file: IO[str], dialect: Dialect) -> Iterator[Block]:
    """Rows, some thousand at a time, with the line that each begins in; empty rows are left out."""
    width = len(dialect.names)
    form = dialect.delimiter, dialect.blanks
    lines: list[int] = []
    block: list[Row] = []
    rows = read_rows(path, islice(file, dialect.start, dialect.end), form, dialect.start)
    for line, row in rows:
        if len(row) == width + 1 and not row[-1].strip():
            del row[-1]  # a delimiter at the end
        if not any(map(str.strip, row)):
            continue
        if len(row) != width:
            raise _wrong_width(f"{path}:{line}", row, dialect, rows)
        lines.append(line)
        block.append(row)
        if len(block) == BLOCK:
            yield lines, block
            lines, block = [], []
    if block:
        yield lines, block


def _wrong_width(where: str, row: Row, dialect: Dialect, following: Iterator[tuple[int, Row]]) -> DataError:
    """The error; where nothing but lines of few cells follow, the setting that leaves them out."""
    width, sign = len(dialect.names), dialect.delimiter
    text = f"{where}: {len(row)} cells, but there are {width} columns"
    notes = [row, *(more for _, more in islice(following, MOST_NOTES + 1))]
    if len(notes) <= MOST_NOTES and dialect.end is None and all(2 * sum(map(bool, more)) <= width for more in notes):
        cure = f"; if it and what follows are notes below the table, set `footer: {len(notes)}`"
        return CurableError(text + cure, "notes stand below the table", footer=len(notes))
    return DataError(
        text + (f'; a cell that holds `{sign}` needs quotes: "a{sign} b"' if len(row) > width else SHORT.format(width))
    )
