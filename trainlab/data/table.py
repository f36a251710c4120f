"""A raw table: named columns as their file holds them, not yet numbers or categories for the network.

Every format ends here: a reader makes a `Table`, and everything behind it (`column_types`, `encoding`) is the same for
all of them. A column is either `Numbers`, or `Texts` where at least one cell is no plain number.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.on_disk import OnDisk

EXACT = 1 << 53  # up to here float64 holds each whole number
SHOWN = 5  # problems that an error lists before it only counts
_CODE = re.compile(r"^[ \"]*(0\d{2,}|\+\d{7,})[ \"]*$", re.MULTILINE)
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", ".", "#n/a", "<na>", "nat"})  # case aside


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, float64 (n,), nan where a cell is missing.

    `code`: a cell as it is written that may be a code and no amount, such as 02139.
    """

    values: Array
    code: str = field(default="", repr=False)

    @property
    def missing(self) -> Array:
        """Whether each cell is missing."""
        return np.isnan(self.values)

    def take(self, index: Array) -> "Numbers":
        """The cells of some rows."""
        return Numbers(self.values[index], self.code)


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: `known` are the different ones, `codes` (n,) their indices, -1 where a cell is missing."""

    codes: Array
    known: tuple[str, ...]

    @property
    def missing(self) -> Array:
        """Whether each cell is missing."""
        return self.codes < 0

    @property
    def counts(self) -> Array:
        """How many cells hold each of the known texts."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.known))

    def take(self, index: Array) -> "Texts":
        """The cells of some rows."""
        return Texts(self.codes[index], self.known)

    def used(self) -> "Texts":
        """The column without the texts that no cell holds, as they are left when rows are."""
        counts = self.counts
        return (
            self if counts.all() else self.renamed([t if n else None for t, n in zip(self.known, counts, strict=True)])
        )

    def renamed(self, names: Sequence[str | None]) -> "Texts":
        """The column with another text for each known one: None makes it missing, equal ones become one."""
        place: dict[str, int] = {}
        codes = [-1 if name is None else place.setdefault(name, len(place)) for name in names]
        return Texts(np.array([*codes, -1], np.int64)[self.codes], tuple(place))


Column = Numbers | Texts


class StoredColumns(Mapping[str, Column]):
    """Columns that stay in their file: `read` reads one when it is asked for; only the last one is kept in memory.

    `then` is what happens to each column after it is read.
    """

    def __init__(self, names: Sequence[str], read: Callable[[str], Column]) -> None:
        self._names = dict.fromkeys(names)
        self._read = read
        self._last: tuple[str, Column] | None = None

    def __getitem__(self, name: str) -> Column:
        if name not in self._names:
            raise KeyError(name)
        if self._last is None or self._last[0] != name:
            self._last = None  # so that two columns are never in memory
            self._last = name, self._read(name)
        return self._last[1]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def then(self, step: Callable[[Column], Column], only: str | None = None) -> "StoredColumns":
        """The same columns, each (or only this one) passed through one more step when it is read."""
        read = self._read
        return StoredColumns(list(self), lambda name: step(read(name)) if only in (None, name) else read(name))

    def only(self, names: Sequence[str]) -> "StoredColumns":
        """These of the columns."""
        return StoredColumns(names, self._read)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name in the file's order. `lines` (n,): the line of each row in the file, or its number from 1.

    `header`: where the column names stand, for messages, such as `people.csv:1`.
    `comma`: a comma inside a number may be its decimal sign, as in files whose cells are separated by `;`. `commas`:
    in some of its columns a comma is the decimal sign for certain.
    `notes`: what the reader left out, a sentence each. `declared`: columns whose numbers the file
    itself calls categories. `on_disk`: where the numbers of this table are kept if they are many; None: in memory.
    `written`: the names in the file, where the user gives others.
    """

    path: str
    columns: Mapping[str, Column]
    lines: Array
    header: str
    comma: bool = False
    commas: bool = False
    notes: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()
    on_disk: OnDisk | None = None
    written: tuple[str, ...] = ()

    def take(self, index: Array) -> "Table":
        """The rows of this index."""
        return replace(self, columns=self._each(lambda column: column.take(index)), lines=self.lines[index])

    def used(self) -> "Table":
        """The table without texts that no cell holds any more."""
        return replace(self, columns=self._each(lambda column: column.used() if isinstance(column, Texts) else column))

    def without(self, names: Collection[str]) -> "Table":
        """The table without these columns."""
        kept, columns = [name for name in self.columns if name not in names], self.columns
        stored = isinstance(columns, StoredColumns)
        return replace(self, columns=columns.only(kept) if stored else {name: columns[name] for name in kept})

    def changed(self, name: str, step: Callable[[Column], Column]) -> "Table":
        """The table with one column passed through a step."""
        if isinstance(self.columns, StoredColumns):
            return replace(self, columns=self.columns.then(step, name))
        return replace(self, columns={**self.columns, name: step(self.columns[name])})

    def cleaned(self, missing: Collection[str]) -> "Table":
        """The table with texts stripped, and the markers of missing cells, and those in `missing`, taken as missing."""
        extra = frozenset(marker.strip().lower() for marker in missing)
        return replace(self, columns=self._each(lambda column: _cleaned(column, MISSING | extra, extra)))

    def _each(self, step: Callable[[Column], Column]) -> Mapping[str, Column]:
        if isinstance(self.columns, StoredColumns):
            return self.columns.then(step)
        return {name: step(column) for name, column in self.columns.items()}


def code_among(cells: Iterable[str]) -> str:
    """The first cell that looks like a code rather than an amount, with its zeros or plus sign; empty if none does.

    >>> code_among(["12345", "02139"]), code_among(["+4930123456"]), code_among(["07", "0.5", "+3"])
    ('02139', '+4930123456', '')
    """
    found = _CODE.search("\n".join(cells))
    return found[1] if found else ""


def column_of(values: Sequence[Any], *, as_text: bool = False) -> Column:
    """A column of Python values: numbers if all are. None and nan are missing.

    as_text: it names classes or the like, so whole numbers that float64 does not hold are texts. Other numbers stay
    numbers, for in a text the point could be taken for a sign of thousands.

    >>> column_of([1, None, 2.5])
    Numbers(values=array([1. , nan, 2.5]))
    """
    numbers = all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values)
    huge = as_text and numbers and any(isinstance(v, int) and abs(v) > EXACT for v in values)
    if huge or not numbers or all(v is None for v in values):
        return texts(values)
    return Numbers(np.array([np.nan if v is None else v for v in values], np.float64))


def texts(values: Sequence[Any]) -> Texts:
    """A column of Python values as a CSV would hold them. None and nan are missing.

    >>> texts([2.0, "red ", None, "2"])
    Texts(codes=array([ 0,  1, -1,  0]), known=('2', 'red'))
    """
    place: dict[str, int] = {}
    cells = [v.strip() if isinstance(v, str) else None if v is None or v != v else text_of(v) for v in values]
    codes = [-1 if cell is None else place.setdefault(cell, len(place)) for cell in cells]
    return Texts(np.array(codes, np.int64), tuple(place))


def text_of(value: Any) -> str:
    """A value as text: whole numbers without a decimal point, dates in ISO form.

    >>> text_of(2.0), text_of(" red"), text_of("3.0")
    ('2', 'red', '3')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    dated: Any = value
    text = str(dated.isoformat() if hasattr(dated, "isoformat") else dated).strip()
    whole, point, rest = text.partition(".")
    return whole if point and rest.strip("0") == "" and whole.removeprefix("-").isdecimal() else text


def as_texts(column: Column) -> Texts:
    """The column as texts for categories and labels: `1` and `1.0` are one, whatever type they came in."""
    if isinstance(column, Texts):
        return column.renamed([text_of(text) for text in column.known])
    different, codes = np.unique(column.values, return_inverse=True)
    names = [None if value != value else text_of(value) for value in different.tolist()]
    return Texts(codes.astype(np.int64), ("",) * len(different)).renamed(names)


def cell_text(column: Column, row: int) -> str:
    """A cell as text, empty where it is missing."""
    if column.missing[row]:
        return ""
    return column.known[int(column.codes[row])] if isinstance(column, Texts) else text_of(float(column.values[row]))


class AllColumns(frozenset[str]):
    """Contains every name: all columns of a file are read as the texts that they hold."""

    def __contains__(self, name: object) -> bool:
        return True


def unique_names(header: str, names: Sequence[str]) -> None:
    """Raises DataError where two columns have one name."""
    seen: dict[str, int] = {}
    for i, name in enumerate(names, 1):
        if name in seen:
            raise DataError(f"{header}: columns {seen[name]} and {i} are both named `{name}`; rename one")
        seen[name] = i


@dataclass(slots=True)
class Problems:
    """Cells that cannot be used. All of them are reported at once, the first ones in full."""

    path: str
    found: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    advice: list[str] = field(default_factory=list[str])
    more: int = 0

    def add(self, line: int, column: str, message: str) -> None:
        """One cell: its line, its column, and what is wrong with it."""
        self.found.append((line, column, message))

    def rows(self, table: Table, name: str, bad: Array, message: str | Callable[[str], str]) -> None:
        """The cells of a column where `bad` (n,); the message may be made of the text of the cell."""
        rows = np.flatnonzero(bad).tolist()
        for row in rows[:SHOWN]:
            what = message if isinstance(message, str) else message(cell_text(table.columns[name], row))
            self.add(int(table.lines[row]), name, what)
        self.more += max(0, len(rows) - SHOWN)

    def advise(self, sentence: str) -> None:
        """What the user can do, once for all cells that it helps with."""
        if sentence not in self.advice:
            self.advice.append(sentence)

    def stop(self, advice: str = "") -> None:
        """Raises DataError with the first problems, ordered by line, if there are any."""
        if not self.found:
            return
        listed = [f"{self.path}:{line}: column `{column}`: {what}" for line, column, what in sorted(self.found)[:SHOWN]]
        more = len(self.found) - len(listed) + self.more
        last = [*self.advice, *([advice] if advice else [])]
        raise DataError("\n".join([*listed, *([f"... and {more} more"] if more > 0 else []), *last]))


def _cleaned(column: Column, markers: Collection[str], extra: Collection[str]) -> Column:
    numbers = [value for marker in extra if (value := _number(marker)) is not None]
    if isinstance(column, Numbers):
        found = np.isin(column.values, numbers) if numbers else np.zeros(0, bool)
        return Numbers(np.where(found, np.nan, column.values), column.code) if found.any() else column

    def kept(text: str) -> str | None:
        text = text.strip()
        return None if text.lower() in markers or (numbers and _number(text) in numbers) else text

    return column.renamed([kept(text) for text in column.known])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
