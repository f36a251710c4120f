"""`trainlab diff`: where two runs part."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal


def diff(
    one: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its name in --runs.")],
    two: Annotated[str, typer.Argument(metavar="RUN", help="The run to compare it with.")],
    tolerance: Annotated[
        float, typer.Option(min=0.0, metavar="SHARE", help="Numbers this near each other, relative, count as near.")
    ] = 1e-3,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Where run folders are.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print all differences as JSON.")] = False,
) -> None:
    """Tell where two runs part: the first config key, step, layer and quantity, epoch and weights that differ.

    What differs first is nearest to the cause: put a sick run beside its healthy twin. Runs that are identical bit for
    bit are said to be so. Exit code 0 either way.

    Examples:
        trainlab diff digits-1 digits-2
        trainlab diff runs/digits-1 runs/digits-2 --tolerance 0.05 --json
    """
    with _terminal.answering(as_json):
        from trainlab.report.difference import difference
        from trainlab.report.difference_text import difference_lines
        from trainlab.store.folder import RunFolder
        from trainlab.store.reading import read_run

        first, second = (RunFolder.open(given, runs) for given in (one, two))
        names = (first.name, second.name) if first.name != second.name else (one, two)
        records = read_run(first.path, names[0]), read_run(second.path, names[1])
        found = difference(*records, tolerance=tolerance)
    if as_json:
        _terminal.emit(found.as_dict())
        return
    width = _terminal.columns(80)
    color = _terminal.live(sys.stdout) and not os.environ.get("NO_COLOR")
    ascii_only = not _terminal.fits("…", sys.stdout)
    print("\n".join(difference_lines(found, width=min(width, 120), ascii_only=ascii_only, color=color)))
