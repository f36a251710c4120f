"""Feather: an Arrow table in a file."""

from collections.abc import Collection
from typing import ClassVar

from trainlab.data.arrow import arrow_reader, table_of_arrow
from trainlab.data.opening import parsing
from trainlab.data.paths import existing_file
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Table


class Feather(Tabular, name="feather"):
    """Rows of a Feather or Arrow file, as a file or as a stream, of pandas, polars, R and others.

    Columns are read as in Parquet. Needs pyarrow: pip install "trainlab[parquet]".
    """

    endings: ClassVar[tuple[str, ...]] = (".feather", ".arrow", ".ipc")

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file; `lines` are row numbers, from 1."""
        file = existing_file(path)
        pa, feather = arrow_reader(path, "feather", "Feather")
        with parsing(path, "not a Feather or Arrow file, or a damaged one"):
            with file.open("rb") as stored:
                is_stream = stored.read(4) == b"\xff\xff\xff\xff"
            if is_stream:
                with pa.OSFile(str(file)) as stored:
                    data = pa.ipc.open_stream(stored).read_all()
            else:
                data = feather.read_table(file, memory_map=False)
            data.validate(full=True)  # of a stream, nothing has been compared with its length yet
            return table_of_arrow(path, data, text, self.drop)
