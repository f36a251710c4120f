"""CSV: a text file with a row a line."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.data.dataset import Loaded
from trainlab.data.delimited import read_delimited, targets_in_data
from trainlab.data.dialect import CsvOptions
from trainlab.data.notation import Signs, has_decimal_commas
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import AllColumns, Table, Texts


class Csv(Tabular, name="csv"):
    """Rows of a delimited text file, plain or packed (.gz, .bz2, .xz, .zip), whose first line holds the column names.

    What a column holds is decided over all of its cells: numbers, categories (a column of 0 and 1 each), dates, or
    texts that differ in nearly every row. The last two are left out, and a note at the start of training says
    so. A cell that cannot be used is an error that names line and column.
    """

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".gz", ".bz2", ".xz", ".zip")
    remembers: ClassVar[tuple[str, ...]] = ("delimiter", "encoding", "header", "columns", "skip")

    delimiter: str | None = setting(
        None, "what stands between cells; null finds out: , ; tab | or runs of blanks", max_length=1
    )
    encoding: str = setting("utf-8", "how text is coded in the file, e.g. latin-1")
    header: bool | None = setting(
        None,
        "whether the first line holds the column names; if not, they are column_1, column_2, ...; null finds out, and "
        "then `target` may be a cell of that line",
    )
    columns: list[str] = setting([], "names of all columns, instead of those in the file")
    skip: int = setting(0, "lines before the column names, such as a title; lines that begin with # are skipped", ge=0)
    footer: int = setting(0, "lines below the last row, such as totals or sources; empty ones do not count", ge=0)

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file. Where points may stand between thousands, `1.234` stays a text."""
        missing = [str(marker) for marker in self.missing]
        plain = Signs(self.decimal, self.thousands).plain
        table = read_delimited(path, self._options, text=text if plain else AllColumns(), missing=missing)
        if not table.comma:
            return table
        cleaned = table.cleaned(missing).columns.values()
        commas = any(isinstance(column, Texts) and has_decimal_commas(column) for column in cleaned)
        if commas and plain and self.decimal is None:
            table = read_delimited(path, self._options, text=AllColumns(), missing=missing)
        return replace(table, commas=commas)

    def load(self, rng: np.random.Generator) -> Loaded:
        """All rows. Where the first line is a row, the target is the column of the cell that it names."""
        if self.header is not None or self.columns:
            return super().load(rng)
        targets = [self.target] if isinstance(self.target, str) else self.target
        named, width = targets_in_data(self.path, self._options, targets)
        if not named:
            return super().load(rng)
        found = self.model_copy(update={"header": False, "target": [named[target] for target in targets]})
        loaded = super(Csv, found).load(rng)
        which = " and ".join(
            f"`{column}`" + (" (the last)" if column == f"column_{width}" else "") for column in named.values()
        )
        note = (
            f"the first line holds data, not names: the columns are `column_1` to `column_{width}`, the target is "
            f"{which}; set `header: true` if that is wrong"
        )
        return replace(loaded, notes=(note, *loaded.notes))

    def remembered(self) -> dict[str, Any]:
        """Settings that a new file is read with: whether it has a header is not judged again."""
        return {**super().remembered(), "header": self.header is not False}

    @property
    def _options(self) -> CsvOptions:
        return CsvOptions(self.delimiter, self.encoding, self.header, tuple(self.columns), self.skip, self.footer)
