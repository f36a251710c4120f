"""The page of one run, one sweep or many runs, as a file."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from trainlab.report.sweep_record import SweepRecord
from trainlab.store.reading import RunRecord
from trainlab.store.writing import write_output


def write_page(
    file: Path,
    records: Sequence[RunRecord],
    *,
    sweep: SweepRecord | None = None,
    one: bool = False,
    metric: str = "",
    group_by: Sequence[str] = (),
) -> int:
    """Write the page; its size in bytes.

    sweep: the sweep of these trials, if the user names it · one: the user names a single run · metric, group_by: how to
    compare runs. Raises UserError if the file cannot be written, or no run has a key.
    """
    data = _page(file, records, sweep, one, metric, group_by).encode()
    write_output(file, data)
    return len(data)


def _page(
    file: Path, records: Sequence[RunRecord], sweep: SweepRecord | None, one: bool, metric: str, group_by: Sequence[str]
) -> str:
    if sweep is not None and not group_by:
        from trainlab.report.html.sweep_page import sweep_page

        def link(run: str) -> str:
            page = sweep.path / run / "report.html"
            return quote(os.path.relpath(page, file.parent)) if page.exists() else ""

        return sweep_page(sweep, link=link)
    if one and len(records) == 1:
        from trainlab.report.html.run_page import run_page

        return run_page(records[0])
    from trainlab.report.html.runs_page import runs_page

    measured = metric if metric.startswith(("train_", "val_", "test_", "test.")) else ""
    return runs_page(records, metric=measured, group_by=group_by)
