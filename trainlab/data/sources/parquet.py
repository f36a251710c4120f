"""Parquet: a table stored by column."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.home import cache_folder, expanded
from trainlab.data.arrow import DAMAGED, arrow_reader, stored_table, table_of_arrow
from trainlab.data.on_disk import OnDisk
from trainlab.data.opening import parsing
from trainlab.data.paths import existing_file
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table

MUCH = 1e9  # bytes of the inputs as float64; reading them into memory takes some times as much


class Parquet(Tabular, name="parquet"):
    """Rows of a Parquet file. Columns of numbers are numbers, columns of text and of categories become one-hot.

    The index that pandas stores with the columns is left out. The file may be larger than memory: with `stream` one
    column after the other is read, the inputs go to a temporary file, and only the rows of a batch are in memory.
    Preprocessors that need all rows at once (medians, quantiles) then learn from 64 MB of rows, drawn at random.
    Needs pyarrow: pip install "trainlab[parquet]".
    """

    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    stream: bool | None = setting(
        None, "keep the inputs on disk, 8 bytes for each number; null: where they take more than 1 GB"
    )
    cache: str | None = setting(None, "folder for the temporary file; null: `trainlab` in the user's cache folder")

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file; `lines` are row numbers, from 1."""
        file = existing_file(path)
        _, pq = arrow_reader(path, "parquet", "Parquet")
        with parsing(path, DAMAGED):
            stored: Any = pq.ParquetFile(file)
            rows, columns = stored.metadata.num_rows, len(stored.schema_arrow.names)
            on_disk = OnDisk(path, cache_folder() if self.cache is None else expanded(self.cache), self._limit)
            if 8 * rows * columns > on_disk.limit:  # it stays open
                return replace(stored_table(path, stored, text, self.drop), on_disk=on_disk)
            with stored:
                data = stored.read()
            return replace(table_of_arrow(path, data, text, self.drop), on_disk=on_disk)

    @property
    def _limit(self) -> float:
        """Bytes of numbers above which they stay on disk."""
        return MUCH if self.stream is None else 0.0 if self.stream else float("inf")
