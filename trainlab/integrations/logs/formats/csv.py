"""csv: a table with one row per epoch or step."""

from typing import ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.delimited import grid_of
from trainlab.integrations.logs.log_format import VALUE, LogFormat, Table
from trainlab.integrations.logs.source import Source

_COUNTS = ("step", "epoch", "iteration", "iter", "global_step")
_PLACES = (
    *_COUNTS,
    "wall time",
    "wall_time",
    "time",
    "timestamp",
    "index",
    "relative time",
    "relative_time",
    "datetime",
)
_UNNAMED = ("value", "0", "column 1", "scalar")  # TensorBoard's, Neptune's and pandas' column of one metric


class Csv(LogFormat, name="csv"):
    """A table with a header: CSVLogger of Keras and Lightning, pandas, timm, fastai, H2O, TensorBoard's and W&B's CSV.

    Cells are separated by commas, semicolons, tabs, bars or spaces. A header may stand behind a `#`, and a new one may
    stand within the file. Tables of metric and value, and tables with a column for the split, become wide ones.
    """

    rank: ClassVar[int] = 2

    def recognizes(self, source: Source) -> bool:
        """Most lines have the same number of cells, most of them numbers."""
        text = source.text.lstrip()
        grid = grid_of(text) if text and text[0] not in "{[" else None  # broken JSON is no table
        if grid is None or not grid.records:
            return False
        cells = [str(c) for record in grid.records[:50] for c in record.values()]
        if grid.delimiter.isspace() and grid.delimiter != "\t" and any(c.endswith((":", "=")) for c in cells):
            return False  # lines of names and numbers
        return grid.headed or grid.numeric > 0.9

    def table(self, source: Source) -> Table:
        """The rows as records."""
        grid = grid_of(source.text)
        if grid is None or not grid.records:
            raise UserError(f"{source.path}: no rows in it; expected a CSV with a header, or JSON records")
        names = [name for name in grid.header if name]
        rest = [name for name in names if name.lower() not in _PLACES]
        comma = grid.delimiter == ","
        if len(rest) == 1 and rest[0].lower() in _UNNAMED:
            places = [name for name in names if name.lower() in _COUNTS][:1]
            made = [{**({"step": r.get(places[0])} if places else {}), VALUE: r.get(rest[0])} for r in grid.records]
            return Table(made, notes=grid.notes, series=True, comma_separates=comma)
        return Table(grid.records, notes=grid.notes, comma_separates=comma)
