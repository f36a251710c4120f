"""What a shell offers for an argument when Tab is pressed (`trainlab --install-completion`)."""

from pathlib import Path
from typing import Annotated, Any

import typer


def runs(ctx: Any, incomplete: str) -> list[str]:
    """The names of the runs and sweeps in --runs, the newest first."""
    folder = Path(ctx.params.get("runs") or "runs")
    try:
        found = [f for f in folder.iterdir() if f.is_dir() and not f.name.startswith(".")]
        found.sort(key=lambda f: f.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [f.name for f in found if f.name.startswith(incomplete)]


def codes(incomplete: str) -> list[str]:
    """The codes of all findings."""
    from trainlab.core.component import names
    from trainlab.diagnose.monitor import Monitor

    return [name for name in names(Monitor) if name.startswith(incomplete)]


def kinds(incomplete: str) -> list[str]:
    """The kinds of components."""
    from trainlab.core.describe import kinds as all_kinds
    from trainlab.search.experiment import SweepExperiment

    return [kind.kind for kind in all_kinds(SweepExperiment) if kind.kind.startswith(incomplete)]


NetworkArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", autocompletion=runs, help="The folder of a run or an ensemble, or its name in --runs."
    ),
]
