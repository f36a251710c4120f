"""Excel and OpenDocument workbooks."""

from collections.abc import Collection
from importlib import import_module
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.errors import DataError
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
    remembers: ClassVar[tuple[str, ...]] = ("sheet", "skip")

    sheet: str | None = setting(None, "name of the sheet; null: the first one that holds cells")
    skip: int = setting(0, "rows above the column names, such as a title", ge=0)

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in the sheet; `lines` are the rows' numbers in the sheet."""
        name, cells, notes = self._cells(path)
        rows = [(i, row) for i, row in enumerate(cells, 1) if i > self.skip and any(v != "" for v in row)]
        if not rows:
            raise DataError(f"{path}: sheet `{name}` holds no rows")
        (line, head), body = rows[0], rows[1:]
        header = f"{path}: sheet `{name}`, row {line}"
        names = [text_of(v) if v != "" else "" for v in head]
        kept = [i for i, title in enumerate(names) if title or any(row[i] != "" for _, row in body)]
        if kept and not names[kept[0]] and len(kept) > 1:
            notes.append("the first column has no name: taken for row numbers or row names and left out")
            kept = kept[1:]
        for i in kept:
            if not names[i]:
                raise DataError(f"{header}: column {i + 1} has no name; name it in the sheet")
        picked = [[row[i] for i in kept] for _, row in body]
        titles = [names[i] for i in kept]
        return table_of_rows(path, header, titles, picked, [i for i, _ in body], text, tuple(notes))

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
