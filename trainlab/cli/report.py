"""`trainlab report`: a table over runs, or one run in words, with its curve and its diagnoses."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal


def report(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Runs by name or path, or folders of runs; all of --runs if none is given."),
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Where run folders are.")] = Path("runs"),
    sort: Annotated[
        str | None,
        typer.Option(metavar="METRIC", help="Best first by a metric (val_loss, test_accuracy); or name, seconds, ..."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Only runs where this holds: seed=0, 'optimizer.lr<1e-2', diagnosis=none. May be repeated.",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the config keys that differ between the runs, beside the scores.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as CSV; - is stdout.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows, with all findings, as JSON.")] = False,
) -> None:
    """Summarise runs: how they ended, what they reached, what was diagnosed.

    One RUN alone is told in full, with its curve and its diagnoses. A folder that is half-written or damaged is a row
    that says so.

    Examples:
        trainlab report
        trainlab report digits-mlp-7
        trainlab report --sort val_accuracy --where 'optimizer.lr<1e-2' --compare
        trainlab report --csv runs.csv
    """
    from trainlab.report.compare import differing, short_names, shown
    from trainlab.report.export import as_csv, as_data, write_csv
    from trainlab.report.rows import listed, sorted_rows
    from trainlab.report.select import selected
    from trainlab.report.summary import summary
    from trainlab.report.table import render_table
    from trainlab.store.index import Index

    with _terminal.answering(as_json):
        with Index(runs) as index:
            pairs = listed(chosen or [], runs, index, brief=not as_json)
            if where:
                left = set(selected([record for record, _ in pairs], where))
                pairs = [(record, row) for record, row in pairs if record in left]
            if sort:
                pairs = sorted_rows([record for record, _ in pairs], sort, brief=not as_json)
            records, rows = [record for record, _ in pairs], [row for _, row in pairs]
            keys = differing(records) if compare else {}
        if csv is not None and str(csv) != "-":
            write_csv(csv, rows, keys)
            _terminal.note(f"wrote {len(rows)} rows to {csv}")
    if as_json:
        _terminal.emit(as_data(rows, keys))
    elif csv is not None:
        if str(csv) == "-":
            sys.stdout.write(as_csv(rows, keys))
    elif not rows:
        _terminal.note(f"no runs in {runs}" + (" that fulfil every --where" if where else ""))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None
        ascii_only = not _terminal.fits("⠿▁█…│", sys.stdout)
        color = _terminal.live(sys.stdout) and not os.environ.get("NO_COLOR")
        if len(chosen or []) == 1 and len(records) == 1 and not (sort or compare):
            lines = summary(records[0], width=min(width or 80, 120), ascii_only=ascii_only, color=color)
        else:
            extra = dict(
                zip(short_names(list(keys)), ([shown(v) for v in values] for values in keys.values()), strict=True)
            )
            lines = render_table(rows, width=width, ascii_only=ascii_only, color=color, extra=extra)
            if compare and not keys:
                _terminal.note("the configs of these runs do not differ")
        print("\n".join(lines))
