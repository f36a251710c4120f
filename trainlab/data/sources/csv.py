"""CSV: a text file with a row a line."""

from collections.abc import Collection
from typing import ClassVar

from trainlab.core.component import setting
from trainlab.data.delimited import read_delimited
from trainlab.data.dialect import CsvOptions
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table


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
    header: bool = setting(True, "whether the first line holds the column names; else they are column_1, column_2, ...")
    columns: list[str] = setting([], "names of all columns, instead of those in the file")
    skip: int = setting(0, "lines before the column names, such as a title; lines that begin with # are skipped", ge=0)

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file."""
        options = CsvOptions(self.delimiter, self.encoding, self.header, tuple(self.columns), self.skip)
        return read_delimited(path, options, text=text, missing=[str(marker) for marker in self.missing])
