"""Excel and OpenDocument workbooks."""

from collections.abc import Collection
from dataclasses import replace
from importlib import import_module
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.data.curable import CurableError
from trainlab.data.header import MOST_TITLE_CELLS, uniquely_named
from trainlab.data.notation import parse_number
from trainlab.data.opening import parsing
from trainlab.data.paths import did_you_mean, existing_file
from trainlab.data.sources._rows import table_of_rows
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table, text_of


class Excel(Tabular, name="excel"):
    """Rows of one sheet of a workbook: .xlsx, .xlsm, .xlsb, .xls or .ods.

    The first row with cells holds the column names. A cell with an error (#N/A, #DIV/0!) is a missing cell, a formula
    has the value that the program last computed. Needs python-calamine: pip install "trainlab[excel]".
    """

    endings: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
    remembers: ClassVar[tuple[str, ...]] = ("sheet", "skip", "columns")

    sheet: str | None = setting(None, "name of the sheet; null: the first one that holds cells")
    skip: int = setting(0, "rows above the column names, such as a title", ge=0)
    columns: list[str] = setting([], "names of all columns, instead of those in the row below the skipped ones")

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in the sheet; `lines` are the rows' numbers in the sheet."""
        name, cells, notes = self._cells(path)
        rows = [(i, row) for i, row in enumerate(cells, 1) if i > self.skip and any(v != "" for v in row)]
        if not rows:
            raise DataError(f"{path}: sheet `{name}` holds no rows")
        (line, head), body = rows[0], rows[1:]
        header = f"{path}: sheet `{name}`, row {line}"
        names = self._names(path, header, head, rows[1:])
        kept = [i for i, title in enumerate(names) if title or any(row[i] != "" for _, row in body)]
        if kept and not names[kept[0]] and len(kept) > 1:
            notes.append("the first column has no name: taken for row numbers or row names and left out")
            kept = kept[1:]
        for i in kept:
            if not names[i]:
                cure = uniquely_named(names[: kept[-1] + 1])
                raise CurableError(
                    f"{header}: column {i + 1} has no name; name it in the sheet, or name all of them under `columns`",
                    "not all columns have a name in the sheet",
                    columns=cure,
                )
        picked = [[row[i] for i in kept] for _, row in body]
        titles = [names[i] for i in kept]
        table = table_of_rows(path, header, titles, picked, [i for i, _ in body], text, tuple(notes))
        return replace(table, written=tuple(map(text_of, head))) if self.columns else table

    def _names(self, path: str, header: str, head: list[Any], below: list[tuple[int, list[Any]]]) -> list[str]:
        """The names of the columns: the user's, or those of the row `head`, if they stand in one row."""
        if self.columns:
            most = max((i for i, v in enumerate(head) if v != ""), default=-1) + 1
            if len(self.columns) < most:
                raise DataError(f"{header}: has {most} columns, but data.columns names {len(self.columns)}")
            return [*self.columns, *[""] * (len(head) - len(self.columns))]
        names = [text_of(v) if v != "" else "" for v in head]
        width = max((sum(v != "" for v in row) for _, row in below[:20]), default=0)
        filled = sum(map(bool, names))
        line = next((i for i, row in below if 2 * sum(v != "" for v in row) > width), 0)
        if 2 * filled < width and filled <= MOST_TITLE_CELLS < width and line:
            raise CurableError(
                f"{header}: is a title or a note; set `skip: {line - 1}`, the number of rows above the column names",
                "a title stands above the column names",
                skip=line - 1,
            )
        written = [name for name in names if name]
        if len(set(written)) < len(written):
            _refuse_repeated(header, names, below)
        return names

    def _cells(self, path: str) -> tuple[str, list[list[Any]], list[str]]:
        """The sheet's name, all of its rows from the first row and column on, and notes."""
        file = existing_file(path)
        try:
            calamine: Any = import_module("python_calamine")
        except ImportError:
            raise DataError(f'{path}: workbooks need python-calamine: pip install "trainlab[excel]"') from None
        with parsing(path, "not a workbook, a damaged one, or one with a password"):
            book: Any = calamine.CalamineWorkbook.from_path(str(file))
            sheets: list[str] = book.sheet_names
            if not sheets:
                raise DataError(f"{path}: the workbook has no sheet")
            if self.sheet is not None and self.sheet not in sheets:
                near = did_you_mean(self.sheet, sheets) or f"; it has {', '.join(f'`{name}`' for name in sheets)}"
                raise DataError(f"{path}: has no sheet `{self.sheet}` (data.sheet){near}")
            held = {name: book.get_sheet_by_name(name) for name in ([self.sheet] if self.sheet else sheets)}
            filled = [name for name, sheet in held.items() if sheet.to_python(nrows=1)]
            name = (filled or list(held))[0]
            cells: list[list[Any]] = held[name].to_python(skip_empty_area=False)
        others = [f"sheet `{name}` is read, not {', '.join(f'`{n}`' for n in filled[1:])} (data.sheet)"] * (
            len(filled) > 1
        )
        return name, cells, others


def _refuse_repeated(header: str, names: list[str], below: list[tuple[int, list[Any]]]) -> None:
    """Raises CurableError for names that stand twice, as merged cells above a second row of names give them."""
    numbers = (i for i, (_, row) in enumerate(below) if any(parse_number(str(v)) is not None for v in row))
    more = [[text_of(v) for v in row] for _, row in below[: next(numbers, 0)]]
    parts = [list(dict.fromkeys(part for part in column if part)) for column in zip(names, *more, strict=True)]
    joined = uniquely_named([" ".join(column) for column in parts])
    last = max(i for i, column in enumerate(parts) if column) + 1
    twice = next(name for name in names if name and names.count(name) > 1)
    first, second, *_ = (i for i, name in enumerate(names, 1) if name == twice)
    raise CurableError(
        f"{header}: columns {first} and {second} are both named `{twice}`; rename one, or name all of them under "
        "`columns`",
        "the sheet names columns twice",
        columns=joined[:last],
        **({"skip": below[len(more) - 1][0] - 1} if more else {}),
    )
