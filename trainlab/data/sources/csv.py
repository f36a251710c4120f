"""CSV: a text file with a row a line."""

from collections.abc import Collection

from trainlab.core.component import setting
from trainlab.data.delimited import read_delimited
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table


class Csv(Tabular, name="csv"):
    """Rows of a delimited text file (plain or .gz) whose first line holds the column names.

    A column is numbers if at least 95 % of its cells are, and the cells that are not, like missing ones, are errors
    that name line and column; otherwise it is categories, one column of 0 and 1 each.
    """

    delimiter: str | None = setting(None, "what stands between cells; null finds out: , ; tab or |", max_length=1)
    encoding: str = setting("utf-8", "how text is coded in the file, e.g. latin-1")

    def read_table(self, path: str, text: Collection[str], numbers: Collection[str]) -> Table:
        """The table in this file."""
        return read_delimited(
            path, delimiter=self.delimiter, encoding=self.encoding, text=text, numbers=numbers, skip=self.drop
        )
