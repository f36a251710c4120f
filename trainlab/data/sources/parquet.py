"""Parquet: a table stored by column."""

from collections.abc import Collection

from trainlab.data.parquet_file import read_parquet
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table


class Parquet(Tabular, name="parquet"):
    """Rows of a Parquet file. Columns of numbers are numbers, columns of text and of categories become one-hot.

    Needs pyarrow: pip install "trainlab[parquet]". A missing value is an error that names row and column.
    """

    def read_table(self, path: str, text: Collection[str], numbers: Collection[str]) -> Table:
        """The table in this file; `lines` are row numbers, from 1."""
        return read_parquet(path, text=text, numbers=numbers, skip=self.drop)
