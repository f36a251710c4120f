"""Parquet: a table stored by column."""

from collections.abc import Collection
from typing import ClassVar

from trainlab.data.arrow import arrow_reader, table_of_arrow
from trainlab.data.opening import parsing
from trainlab.data.paths import existing_file
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table


class Parquet(Tabular, name="parquet"):
    """Rows of a Parquet file. Columns of numbers are numbers, columns of text and of categories become one-hot.

    The index that pandas stores with the columns is left out. Needs pyarrow: pip install "trainlab[parquet]".
    """

    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file; `lines` are row numbers, from 1."""
        file = existing_file(path)
        _, pq = arrow_reader(path, "parquet", "Parquet")
        with parsing(path, "not a Parquet file, or a damaged one"):
            with pq.ParquetFile(file) as stored:
                data = stored.read()
            return table_of_arrow(path, data, text, self.drop)
