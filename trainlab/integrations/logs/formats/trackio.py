"""trackio: the database of a project."""

import json
from typing import ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.flatten import flat
from trainlab.integrations.logs.log_format import LogFormat, Table
from trainlab.integrations.logs.source import Source
from trainlab.integrations.logs.sqlite import columns_of, query


class Trackio(LogFormat, name="trackio"):
    """trackio's SQLite database `PROJECT.db`, if it holds one run."""

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """A table `metrics` with a run's name, a step and JSON."""
        if not source.data.startswith(b"SQLite format 3"):
            return False
        return {"run_name", "step", "metrics"} <= columns_of(source.path, "metrics")

    def table(self, source: Source) -> Table:
        """A record for each call of `trackio.log`."""
        by_id = "run_id" in columns_of(source.path, "metrics")  # names may come twice
        told = "SELECT run_name FROM metrics GROUP BY run_id" if by_id else "SELECT DISTINCT run_name FROM metrics"
        runs = [str(name) for (name,) in query(source.path, told)]
        if len(runs) != 1:
            few = ", ".join(runs[:6]) + (", ..." if len(runs) > 6 else "")
            raise UserError(
                f"{source.path}: it holds {len(runs)} runs{f' ({few})' if runs else ''}; export one of them: "
                "trackio.Api().runs(PROJECT), or its page's CSV"
            )
        rows = query(source.path, "SELECT step, metrics FROM metrics ORDER BY step, rowid")
        return Table([{"step": step, **flat(json.loads(text))} for step, text in rows])
