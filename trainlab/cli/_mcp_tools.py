"""What `trainlab mcp` offers to programs: functions that read runs and logs, and change nothing.

A function's name, annotations and docstring are what the other program sees. Results are plain data for JSON.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trainlab.cli._log_options import checked
from trainlab.cli.explain import explained
from trainlab.core.errors import UserError
from trainlab.integrations.logs.diagnosis import judge
from trainlab.report.layers import layers_of
from trainlab.report.rows import row_of
from trainlab.report.verdict import verdict
from trainlab.store.folder import RunFolder
from trainlab.store.reading import find_runs, read_run
from trainlab.store.rows import read_rows

_ALWAYS = ("epoch", "step")
_FILES = ("metrics", "steps")


def tools(folder: Path) -> Sequence[Callable[..., Any]]:
    """The functions, for the runs of a folder."""

    def runs(limit: int = 50) -> list[dict[str, Any]]:
        """List the runs, newest first: name, state, best score, test scores, codes of findings."""
        found = [read_run(path, str(path.relative_to(folder))) for path in find_runs(folder)]
        found.sort(key=lambda record: record.status.started if record.status else "", reverse=True)
        return [row_of(record, brief=True).as_dict() for record in found[: max(0, limit)]]

    def report(run: str) -> dict[str, Any]:
        """Report on one run: scores, verdict, findings, statistics of the layers, and the config as it was run."""
        record = read_run(RunFolder.open(run, folder).path)
        row = row_of(record)
        layers = [layer.as_dict() for layer in layers_of(record)]
        return {**row.as_dict(), "verdict": verdict(record, row), "layers": layers, "config": record.config}

    def findings(run: str) -> list[dict[str, Any]]:
        """List the findings of a run in their order: code, severity, message, evidence, advice, suggested patches."""
        return read_run(RunFolder.open(run, folder).path).findings

    def curves(run: str, file: str = "metrics", columns: list[str] | None = None, points: int = 100) -> dict[str, Any]:
        """Read the curves of a run. file: metrics (a row per epoch) or steps (a row per step). columns: by default all.
        points: at most so many rows, evenly spread, with the first and the last.
        """
        if file not in _FILES:
            raise UserError(f"file: unknown `{file}`; allowed are {' and '.join(_FILES)}")
        table = read_rows(getattr(RunFolder.open(run, folder), file))
        if unknown := [name for name in columns or () if name not in table]:
            raise UserError(f"columns: unknown `{unknown[0]}`; {file}.csv has {', '.join(table)}")
        kept = {k: v for k, v in table.items() if columns is None or k in columns or k in _ALWAYS}
        rows = len(next(iter(kept.values()), ()))
        most = max(2, points)
        at = range(rows) if rows <= most else sorted({round(i * (rows - 1) / (most - 1)) for i in range(most)})
        return {"rows": rows, **{name: [values[i] for i in at] for name, values in kept.items()}}

    def explain(code: str) -> dict[str, Any]:
        """Explain the code of a finding (overfitting, dead-relu, ...) or a term: meaning, measurement, what to do."""
        return explained(code)

    def diagnose(log: str, classes: int | None = None, chance: float | None = None) -> dict[str, Any]:
        """Check the training curves in a log file or folder of any tool: CSV, JSON, TensorBoard, MLflow, W&B, printed
        text. classes: how many there are; chance: the loss at chance level, if the log does not show them.
        """
        checked(classes, chance, regression=False)
        return judge(Path(log), (), classes=classes, chance=chance).as_dict()

    return (runs, report, findings, curves, explain, diagnose)
