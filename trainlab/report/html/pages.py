"""The page of one run, one sweep, one tune or many runs, as a file."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from trainlab.report.sweep_record import SweepRecord
from trainlab.report.tune_record import TuneRecord
from trainlab.store.reading import RunRecord
from trainlab.store.writing import write_output


def write_page(
    file: Path,
    records: Sequence[RunRecord],
    *,
    sweep: SweepRecord | None = None,
    tune: TuneRecord | None = None,
    one: bool = False,
    metric: str = "",
    group_by: Sequence[str] = (),
) -> int:
    """Write the page; its size in bytes.

    sweep, tune: the sweep or the tune of these trials, if the user names it · one: the user names a single run ·
    metric, group_by: how to compare runs. Raises UserError if the file cannot be written, or no run has a key.
    """
    if tune is not None and not group_by:
        from trainlab.report.html.tune_page import tune_page

        data = tune_page(tune, link=_linked(tune.path, file)).encode()
    else:
        data = _page(file, records, sweep, one, metric, group_by).encode()
    write_output(file, data)
    return len(data)


def _linked(folder: Path, file: Path) -> Callable[[str], str]:
    """The address, from a page in this file, of the page of a folder inside this one; empty if it has none."""

    def link(inside: str) -> str:
        page = folder / inside / "report.html"
        return quote(os.path.relpath(page, file.parent)) if page.exists() else ""

    return link


def _page(
    file: Path, records: Sequence[RunRecord], sweep: SweepRecord | None, one: bool, metric: str, group_by: Sequence[str]
) -> str:
    if sweep is not None and not group_by:
        from trainlab.report.html.sweep_page import sweep_page

        return sweep_page(sweep, link=_linked(sweep.path, file))
    if one and len(records) == 1:
        from trainlab.report.html.run_page import run_page

        return run_page(records[0])
    from trainlab.report.html.runs_page import runs_page

    measured = metric if metric.startswith(("train_", "val_", "test_", "test.")) else ""
    return runs_page(records, metric=measured, group_by=group_by)
