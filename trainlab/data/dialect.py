"""How a delimited text file is written: its delimiter, its column names, and where its rows begin."""

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO

from trainlab.core.errors import DataError
from trainlab.data.curable import CurableError
from trainlab.data.header import judge, refuse_second_line_of_names, refuse_title, uniquely_named
from trainlab.data.table import unique_names

DELIMITERS = ",;\t|"
_LONGEST = 1 << 24  # characters of a line, of those that are inspected
PEEKED = 100  # rows that are inspected before the file is read
HEADLESS = "the first line is data: columns are column_1, column_2, ..."
ROW_NAMES = "the first column has no name in the header: taken for row names and left out"

Row = list[str]


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """The user's settings for a file; None and empty: detected. `skip` and `footer`: lines before the column names and
    after the last row.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    header: bool | None = None
    columns: tuple[str, ...] = ()
    skip: int = 0
    footer: int = 0


@dataclass(frozen=True, slots=True)
class Dialect:
    """`names`: of the columns, empty where the file gives none. `start`: lines before the first row.

    `header`: the line of the names. `first`: the first rows, to recognize columns of numbers. `blanks`: runs of
    blanks separate cells. `delimiters_skipped`: their number in the lines before the first row. `end`: the line of the
    last row; None: the file's last line. `written`: the names in the file, where the user gives others.
    """

    delimiter: str
    names: tuple[str, ...]
    start: int
    header: int
    first: tuple[Row, ...]
    blanks: bool = False
    delimiters_skipped: int = 0
    notes: tuple[str, ...] = ()
    end: int | None = None
    written: tuple[str, ...] = ()


@dataclass(slots=True)
class _Start:
    """The lines before the column names, skipped one after the other."""

    path: str
    lines: list[str]
    skipped: int = 0
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list[str])

    @property
    def line(self) -> str:
        return self.lines[self.skipped]

    @property
    def line_is_last(self) -> bool:
        """Whether no line that was read stands behind the remarks."""
        return self.skipped >= len(self.lines) - 1

    def skip_blank(self) -> None:
        while self.skipped < len(self.lines) and not self.line.strip():
            self.skipped += 1

    def skip_remarks(self) -> None:
        """Excel's `sep=;` and lines that begin with #, unless the names themselves do."""
        self.skip_blank()
        if self.skipped < len(self.lines) and (match := re.fullmatch(r"sep=(.)\s*", self.line)):
            self.delimiter = match[1]
            self.skipped += 1
        while self.skipped + 1 < len(self.lines) and self.line.startswith("#"):
            following = next((line for line in self.lines[self.skipped + 1 :] if line.strip()), "")
            if not following.startswith("#") and cells(self.line) == cells(following) > 1:
                break
            self.skipped += 1
            self.skip_blank()


def find_dialect(path: str, file: IO[str], options: CsvOptions, end: int | None = None) -> Dialect:
    """How the file is written, from its first lines. `end`: the line of its last row, if lines follow that are none.

    Raises DataError where its column names cannot be used.
    """
    lines = list(_first_lines(path, file, options.skip + PEEKED))
    start = _Start(path, lines, options.skip, options.delimiter)
    start.skip_remarks()
    while start.line_is_last and (more := list(_first_lines(path, file, PEEKED))):  # as many lines of remarks
        lines += more
        start.skip_remarks()
    if start.skipped >= len(lines) or not any(line.strip() for line in lines):
        raise DataError(f"{path}: the file is empty")
    given = options.delimiter or start.delimiter
    delimiter, blanks = (given, False) if given else _sniffed(lines[start.skipped :])
    rows = read_rows(path, chain(lines[start.skipped :], file), (delimiter, blanks), start.skipped)
    number, names = start.skipped + 1, list[str]()
    has_names = options.header is not False
    if has_names:
        names = [name.strip() for name in next(rows)[1]]
        names[0] = names[0].removeprefix("#").strip()
    filled = ((n, row) for n, row in rows if any(c.strip() for c in row) and (end is None or n <= end))
    peeked = list(islice(filled, PEEKED))
    first = [row for _, row in peeked]
    if has_names:
        if not options.columns:
            refuse_title(path, number, names, peeked)
            refuse_second_line_of_names(path, number, names, peeked)
        verdict = "names" if options.header else judge(names, first)
        if verdict in ("data", "unclear"):
            raise CurableError(
                no_header(path, number, names, first, given=bool(options.columns)), HEADLESS, header=False
            )
        if verdict == "counted":
            start.notes.append(f"line {number} counts the columns: taken for their names; if not, set `header: false`")
    written = tuple(names) if options.columns else ()
    names = _named(path, number, names, first, options, start.notes)
    begin = peeked[0][0] - 1 if peeked else len(lines)
    return Dialect(
        delimiter,
        tuple(names),
        begin,
        number,
        tuple(first),
        blanks,
        sum(line.count(delimiter) for line in lines[:begin]),
        tuple(start.notes),
        end,
        written,
    )


def _first_lines(path: str, file: IO[str], most: int) -> Iterator[str]:
    """The first lines of a file. Raises DataError for a line that is too long to be a row of a table."""
    for number in range(1, most + 1):
        line = file.readline(_LONGEST)
        if len(line) == _LONGEST:
            raise DataError(f"{path}:{number}: a line of over {_LONGEST / 1e6:,.0f} million characters; is it a table?")
        if not line:
            return
        yield line


def read_rows(path: str, lines: Iterator[str], dialect: tuple[str, bool], before: int) -> Iterator[tuple[int, Row]]:
    """Rows of cells with the line that each begins in, counted from 1; `before`: how many lines stand before them.

    `dialect`: the delimiter, and whether it is runs of blanks. Raises DataError naming the line.
    """
    delimiter, blanks = dialect
    csv.field_size_limit(sys.maxsize)  # the module's own limit is 131 072 characters
    if blanks:
        yield from ((n, line.split()) for n, line in enumerate(lines, before + 1) if line.strip())
        return
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    line = before + 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = before + reader.line_num + 1
    except csv.Error as error:
        where = f"{path}:{before + reader.line_num}"
        raise DataError(f"{where}: not CSV: a quote that is never closed, or text behind a closing quote") from error


def cells(line: str) -> int:
    """Cells of a line with the delimiter that splits it most."""
    return max(_split(line, d) for d in DELIMITERS)


def _sniffed(lines: list[str]) -> tuple[str, bool]:
    """The delimiter that splits the first line into most cells, and whether it is runs of blanks."""
    line = lines[0]
    best = max(DELIMITERS, key=lambda d: _split(line, d))
    if best in line:
        return best, False
    following = [row for row in lines[1:21] if row.strip()]
    if not all(best in row for row in following):
        widths = {len(row.split()) for row in following}
        if len(widths) == 1 and min(widths) > 1 and len(line.split()) in (min(widths), min(widths) - 1):
            return " ", True
    other = max(DELIMITERS, key=lambda d: min((row.count(d) for row in following), default=0))
    return (other if following and all(other in row for row in following) else ","), False


def _split(line: str, delimiter: str) -> int:
    return sum(len(row) for row in csv.reader([line], delimiter=delimiter))


def _named(
    path: str, number: int, names: list[str], first: list[Row], options: CsvOptions, notes: list[str]
) -> list[str]:
    """A name for each cell of a row: of the header, given by the user, or counted; empty for what is left out."""
    width = len(first[0]) if first else len(names)
    given = list(options.columns)
    if given:
        names = given
    elif options.header is False:
        names = [f"column_{i + 1}" for i in range(width)]
    if len(names) == width - 1 and first:
        if all(len(row) == width and not row[-1].strip() for row in first):
            return [*names, ""]  # a delimiter at the end of each row
        if all(len(row) == width for row in first) and options.header is not False and not given:
            notes.append(ROW_NAMES)
            names = ["", *names]
    if given and len(names) != width:
        raise DataError(f"{path}:{number}: has {width} columns, but data.columns names {len(given)}")
    try:
        unique_names(f"{path}:{number}", [name or f"\0{i}" for i, name in enumerate(names)])
    except DataError as error:
        if given:
            raise
        raise CurableError(str(error), "the file names columns twice", columns=uniquely_named(names)) from None
    return names


def no_header(
    path: str, number: int, line: list[str], rows: Sequence[Row], *, given: bool = False, found: str = ""
) -> str:
    """The error about a first line that looks like data. `given`: the user names the columns. `found`: a reason why."""
    width = len(line)
    if given:
        return (
            f"{path}:{number}: the first line looks like data (`{line[0]}`); set `header: false` beside `columns`, so "
            f"that it is read as a row, and `skip: {number}` if it holds the old names"
        )
    if width == 1:
        return (
            f"{path}:{number}: holds one column of numbers without a name; to learn from it, add columns, for example "
            "the value in the row before, and a line with their names"
        )
    varies = [i for i in range(width) if len({row[i] for row in [line, *rows] if i < len(row)}) > 1]
    last = 1 + max(varies, default=width - 1)
    what = "the last is" if last == width else "the last with different values is"
    return (
        f"{path}:{number}: the first line must hold the column names, but looks like data (`{line[0]}`){found}; set "
        f"`header: false`; the columns are then `column_1` to `column_{width}`, so {what} `target: column_{last}`; "
        "if it does hold the names, set `header: true`"
    )
