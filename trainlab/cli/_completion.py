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


def trackers(incomplete: str) -> list[str]:
    """The names of the built-in trackers."""
    from trainlab.core.component import names
    from trainlab.training.tracker import Tracker

    return [name for name in names(Tracker) if name.startswith(incomplete)]


def kinds(incomplete: str) -> list[str]:
    """The kinds of components."""
    from trainlab.core.describe import kinds as all_kinds
    from trainlab.search.experiment import SweepExperiment

    return [kind.kind for kind in all_kinds(SweepExperiment) if kind.kind.startswith(incomplete)]


def settings(ctx: Any, incomplete: str) -> list[str]:
    """The settings that may follow: `model.hi` becomes `model.hidden=`, `optimizer=ad` one of the optimizers there are.

    The config that was typed before says which component is where, and so which settings it has.
    """
    from trainlab.core.component import plain
    from trainlab.core.errors import UserError
    from trainlab.core.node import Node, Source
    from trainlab.core.place import Place, fields
    from trainlab.search.experiment import SweepExperiment, read

    given = [ctx.params.get("config"), *(ctx.params.get("overrides") or ())]
    files = [part for part in given if part and "=" not in part]
    try:
        value = read(files[0]).value if files else None
    except UserError:  # the command itself tells what is wrong with the file
        value = None
    raw = {"data": "digits"} if value is None else plain(value)
    node, place = Node.of(raw, Source("config").whole), Place(SweepExperiment)
    key, sign, text = incomplete.partition("=")
    *path, last = key.split(".")
    for part in path if not sign else [*path, last]:
        inner, below = place.child(node, part), node.child(part)
        if inner is None:
            return []
        node, place = below or Node.of(None, node.at), inner
    if sign:
        return [f"{key}={word}" for word in _words(place) if word.startswith(text)]
    found = place.settings(node)
    before = "".join(f"{part}." for part in path)
    return [f"{before}{name}=" for name in (fields(found) if found else ()) if name.startswith(last)]


def _words(place: Any) -> list[str]:
    """What may stand in a place: names of components, or the words that are listed there."""
    from trainlab.core.component import registered

    kinds_here = [choice.kind for choice in place.choices() if choice.kind]
    listed = [str(word) for choice in place.choices() for word in choice.literals if isinstance(word, str)]
    truth = ["true", "false"] if any(choice.annotation is bool for choice in place.choices()) else []
    return [*(cls.name for kind in kinds_here for cls in registered(kind)), *listed, *truth]


NetworkArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", autocompletion=runs, help="The folder of a run or an ensemble, or its name in --runs."
    ),
]
