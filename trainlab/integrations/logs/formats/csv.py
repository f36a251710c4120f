"""csv: a table with one row per epoch or step."""

from typing import ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.delimited import grid_of
from trainlab.integrations.logs.log_format import VALUE, LogFormat, Table
from trainlab.integrations.logs.source import Source


class Csv(LogFormat, name="csv"):
    """A table with a header: CSVLogger of Keras and Lightning, pandas, timm, fastai, H2O, TensorBoard's and W&B's CSV.

    Cells are separated by commas, semicolons, tabs, bars or spaces. A header may stand behind a `#`, and a new one may
    stand within the file. Tables of metric and value, and tables with a column for the split, become wide ones.
    """

    rank: ClassVar[int] = 2

    def recognizes(self, source: Source) -> bool:
        """Most lines have the same number of cells, most of them numbers."""
        grid = grid_of(source.text) if source.text.strip() else None
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
        lower = [name.lower() for name in names]
        comma = grid.delimiter == ","
        if lower == ["wall time", "step", "value"]:  # TensorBoard's download of one scalar
            renamed = [{"step": r.get(names[1]), VALUE: r.get(names[2])} for r in grid.records]
            return Table(renamed, notes=grid.notes, series=True, comma_separates=comma)
        if lower in (["0"], ["column 1"]):  # a pandas Series, or numbers one below the other
            place = names[0]
            return Table(
                [{VALUE: r.get(place)} for r in grid.records], notes=grid.notes, series=True, comma_separates=comma
            )
        return Table(grid.records, notes=grid.notes, comma_separates=comma)
