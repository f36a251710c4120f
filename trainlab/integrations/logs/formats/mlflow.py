"""mlflow: metric files, run folders and databases of MLflow."""

import re
from typing import Any, ClassVar

from trainlab.core.errors import UserError
from trainlab.integrations.logs.log_format import VALUE, LogFormat, Table
from trainlab.integrations.logs.source import Source
from trainlab.integrations.logs.sqlite import query, tables_of

_LINE = re.compile(r"\d{13} \S+( -?\d+)?( .*)?")  # milliseconds, value, step


class Mlflow(LogFormat, name="mlflow"):
    """MLflow: a metric file (`time value step`), the folder of a run with its `metrics`, or its SQLite database.

    A folder or database with several runs is refused with their names. The database of a server is read by
    `mlflow.search_runs` or `mlflow.get_run`, not here.
    """

    rank: ClassVar[int] = 0

    def recognizes(self, source: Source) -> bool:
        """Lines of milliseconds, value and step; a `metrics` folder of such files; the tables of MLflow."""
        if source.is_folder:
            return any(_LINE.fullmatch(Source(p).header) for p in _metric_files(source)[:20])
        if source.data.startswith(b"SQLite format 3"):
            return {"metrics", "runs", "experiments"} <= tables_of(source.path)
        return bool(source.lines) and all(_LINE.fullmatch(line.strip()) for line in source.lines[:50])

    def table(self, source: Source) -> Table:
        """A record for each value."""
        if source.is_folder:
            return _of_folder(source)
        if not source.is_text:
            return _of_database(source)
        rows = [line.split() for line in source.lines]
        return Table([{"step": r[2] if len(r) > 2 else i, VALUE: r[1]} for i, r in enumerate(rows)], series=True)


def _metric_files(source: Source) -> list[Any]:
    """Files in a folder called `metrics`, or below one."""
    if source.path.name == "metrics":
        return source.files("*")
    return [p for p in source.files("*", depth=7) if "metrics" in p.relative_to(source.path).parts[:-1]]


def _of_folder(source: Source) -> Table:
    """The metrics of the one run in the folder."""
    runs: dict[str, list[tuple[str, Source]]] = {}
    for path in _metric_files(source):
        inside = path.relative_to(source.path)
        parts = inside.parts
        at = parts.index("metrics") if "metrics" in parts else -1
        runs.setdefault("/".join(parts[: max(at, 0)]), []).append(("/".join(parts[at + 1 :]), Source(path)))
    _one_of(source, list(runs))
    records: list[dict[str, Any]] = []
    for name, file in next(iter(runs.values())):
        for i, line in enumerate(file.lines):
            cells = line.split()
            records.append({"step": cells[2] if len(cells) > 2 else i, name: cells[1] if len(cells) > 1 else None})
    return Table(records)


def _of_database(source: Source) -> Table:
    """The metrics of the one run in the database."""
    runs = [str(run) for (run,) in query(source.path, "SELECT DISTINCT run_uuid FROM metrics")]
    _one_of(source, runs)
    told = "SELECT key, value, step, is_nan FROM metrics ORDER BY key, timestamp, step"
    rows = query(source.path, told)
    return Table([{"step": step, str(key): float("nan") if nan else value} for key, value, step, nan in rows])


def _one_of(source: Source, runs: list[str]) -> None:
    if len(runs) > 1:
        few = ", ".join(runs[:4]) + (", ..." if len(runs) > 4 else "")
        raise UserError(
            f"{source.path}: it holds {len(runs)} runs ({few}); write one of them with "
            "`mlflow.MlflowClient().get_metric_history(run_id, name)`, or give the folder of one run"
        )
    if not runs:
        raise UserError(f"{source.path}: no metrics in it; log some with `mlflow.log_metric(name, value, step=step)`")
