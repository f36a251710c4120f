"""dvclive: the folder of DVCLive."""

from typing import Any, ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.delimited import grid_of
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source


class Dvclive(LogFormat, name="dvclive"):
    """The folder of DVCLive, with a table of each metric in `plots/metrics`: `train/loss.tsv`, `val/loss.tsv`."""

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """A folder `plots/metrics` with tables."""
        return source.is_folder and (source.path / "plots" / "metrics").is_dir()

    def table(self, source: Source) -> Table:
        """A record for each row of each table."""
        folder = source.path / "plots" / "metrics"
        records: list[dict[str, Any]] = []
        for path in Source(folder).files("*.tsv"):
            name = path.relative_to(folder).with_suffix("").as_posix()
            grid = grid_of(Source(path).text)
            for row in grid.records if grid is not None else []:
                records.append({"step": row.get("step"), name: list(row.values())[-1]})
        if not records:
            raise UserError(f"{source.path}: no metrics in it yet; log some with `live.log_metric(name, value)`")
        return Table(records)
