"""Reads a large delimited text file with pandas' parser in C, or not at all where it might misread a row.

pandas fills short rows up and does not report lines. So its result is used only if the counts of rows, lines and
delimiters agree; everything else is for `careful_csv`, which names the line of the fault.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.dialect import Dialect
from trainlab.data.notation import parse_number
from trainlab.data.table import MISSING, Column, Numbers, Texts, code_among

WIDE = 100  # columns: pop frees memory column by column, but its time grows with the square of their number
_CHUNK = 1 << 20


@dataclass(slots=True)
class Counts:
    """Bytes of a file from which its rows and cells can be counted."""

    lines: int = 0
    delimiters: int = 0
    quotes: int = 0
    last: bytes = b""

    @classmethod
    def of(cls, file: IO[bytes], delimiter: str) -> "Counts":
        """Those of this file."""
        found = cls()
        while chunk := file.read(_CHUNK):
            data = np.frombuffer(chunk, np.uint8)
            found.lines += int(np.count_nonzero(data == ord("\n")))
            found.delimiters += int(np.count_nonzero(data == ord(delimiter)))
            found.quotes += int(np.count_nonzero(data == ord('"')))
            found.last = chunk[-1:]
        found.lines += found.last != b"\n"  # the last line may have no end
        return found


def read_fast(
    file: IO[bytes], counts: Counts, dialect: Dialect, text: Collection[int], missing: Collection[str], encoding: str
) -> tuple[list[Column], Array] | None:
    """The columns and the line of each row as `read_carefully` gives them, or None if that one must read the file."""
    pandas: Any = import_module("pandas")  # it takes half a second to import
    width, markers = len(dialect.names), _spellings(MISSING | {marker.strip() for marker in missing})
    kinds = {i: "category" for i in range(width) if _shows_text(dialect, i, markers)}
    kinds |= {i: "object" for i in text if i not in kinds}  # as a category, 007 would be read as 7
    exact = {} if int(pandas.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
    try:
        frame = pandas.read_csv(
            file,
            sep=dialect.delimiter,
            header=None,
            names=range(width),
            skiprows=dialect.start,
            dtype=kinds,
            na_values=markers,
            keep_default_na=False,
            skipinitialspace=counts.quotes > 0,  # without quotes a blank is stripped later, which is faster
            encoding=encoding.removesuffix("-sig"),  # pandas skips the mark itself, and bytes are faster than text
            **exact,
        )
    except (ValueError, OverflowError):  # pandas' own errors and those of decoding are ValueErrors
        return None
    short = counts.delimiters - dialect.delimiters_skipped != len(frame) * (width - 1)
    if counts.lines - dialect.start != len(frame) or (short and not counts.quotes):
        return None
    if not isinstance(frame.index, pandas.RangeIndex) or (counts.quotes and bool(frame[width - 1].isna().any())):
        return None
    taken = frame.pop if width <= WIDE else frame.__getitem__
    columns = [_column(pandas, taken(i)) for i in range(width)]
    if None in columns:
        return None
    found = [_with_code(column, dialect, i) for i, column in enumerate(columns) if column is not None]
    empty = np.ones(len(found[0].missing), bool)
    for column in found:
        empty &= column.missing
    return None if empty.any() else (found, np.arange(dialect.start + 1, dialect.start + 1 + len(empty)))


def _column(pandas: Any, cells: Any) -> Column | None:
    """The column that pandas read; None where it does not keep the text that the file holds."""
    if cells.dtype.kind in "iuf":
        values = cells.to_numpy(np.float64)
        return None if np.isinf(values).any() else Numbers(values)
    if cells.dtype.kind == "b":
        return None
    if isinstance(cells.dtype, pandas.CategoricalDtype):
        codes, known = cells.cat.codes.to_numpy(), cells.cat.categories.tolist()
    else:
        codes, different = pandas.factorize(cells)
        known = different.tolist()
    return Texts(codes.astype(np.int64), tuple(known)) if all(isinstance(text, str) for text in known) else None


def _with_code(column: Column, dialect: Dialect, place: int) -> Column:
    """The column with a cell of the first rows that may be a code."""
    if isinstance(column, Texts):
        return column
    return Numbers(column.values, code_among(row[place] for row in dialect.first if place < len(row)))


def _shows_text(dialect: Dialect, column: int, markers: Collection[str]) -> bool:
    """Whether a cell of the first rows is no number."""
    cells = [row[column].strip() for row in dialect.first if column < len(row)]
    return any(cell not in markers and parse_number(cell) is None for cell in cells)


def _spellings(markers: Collection[str]) -> list[str]:
    """Each marker as people write it; other mixtures of case make the column text, which is cleaned later."""
    return sorted({s for m in markers for s in (m, m.lower(), m.upper(), m.capitalize())} | {"NaN", "N/a", "NaT"})
