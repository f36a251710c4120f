"""`trainlab diff`: where two runs first differ."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _completion, _terminal
from trainlab.report.difference import difference
from trainlab.report.difference_text import difference_lines
from trainlab.store.folder import RunFolder
from trainlab.store.reading import read_run


def diff(
    one: Annotated[
        str, typer.Argument(metavar="RUN", autocompletion=_completion.runs, help="A run folder, or its name in --runs.")
    ],
    two: Annotated[
        str, typer.Argument(metavar="RUN", autocompletion=_completion.runs, help="The run to compare it with.")
    ],
    tolerance: Annotated[
        float,
        typer.Option(min=0.0, metavar="SHARE", help="Relative difference up to which two numbers count as close."),
    ] = 1e-3,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print all differences as JSON.")] = False,
) -> None:
    """Show where two runs first differ: config key, step, layer and quantity, epoch, weights.

    The first difference is closest to the cause: compare a faulty run with a healthy one. Reports runs that are
    identical bit for bit as such. Exit code 0 either way.

    Examples:
        trainlab diff digits-1 digits-2
        trainlab diff runs/digits-1 runs/digits-2 --tolerance 0.05 --json
    """
    with _terminal.answering(as_json):
        first, second = (RunFolder.open(given, runs) for given in (one, two))
        names = (first.name, second.name) if first.name != second.name else (one, two)
        records = read_run(first.path, names[0]), read_run(second.path, names[1])
        found = difference(*records, tolerance=tolerance)
    if as_json:
        _terminal.emit(found.as_dict())
        return
    width = _terminal.columns(80)
    color = _terminal.has_color(sys.stdout)
    ascii_only = not _terminal.fits("…", sys.stdout)
    print("\n".join(difference_lines(found, width=min(width, 120), ascii_only=ascii_only, color=color)))
