"""`trainlab ensemble`: combine the predictions of several trained networks."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _completion, _terminal
from trainlab.core.errors import UserError
from trainlab.inference.ensemble.making import Made, Scored, make_ensemble
from trainlab.inference.ensemble.members import Member, from_runs, from_snapshots
from trainlab.report.grid import Column, grid
from trainlab.search.lookup import best_runs, find_sweep


class By(StrEnum):
    """How the outputs of the members are combined."""

    probabilities = "probabilities"
    logits = "logits"
    vote = "vote"


SweepOption = Annotated[
    str | None,
    typer.Option(
        metavar="SWEEP",
        autocompletion=_completion.runs,
        help="Instead of RUN: the best trials of this sweep, with all their folds.",
    ),
]


def ensemble(
    members: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN", autocompletion=_completion.runs, help="Two or more run folders, or their names in --runs."
        ),
    ] = None,
    sweep: SweepOption = None,
    top: Annotated[int, typer.Option(metavar="K", min=1, help="With --sweep: the number of trials.")] = 5,
    snapshots: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="Instead of RUN: the snapshots of this run (cosine_restarts, checkpoint.keep)."
        ),
    ] = None,
    by: Annotated[By, typer.Option(help="What to average; `probabilities`: numbers, too.")] = By.probabilities,
    fit_weights: Annotated[
        bool, typer.Option("--fit-weights", help="Fit the members' weights on the validation split.")
    ] = False,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="Score on this file with a target column, CSV or Parquet.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the ensemble's folder.")] = None,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Write the ensemble to a folder of its own.")] = True,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print scores, weights and agreement as JSON.")] = False,
) -> None:
    """Combine several trained networks, and score them alone and together.

    The members must share their validation and test splits: train them with different seeds but the same data.seed.
    The ensemble's folder is self-contained; `evaluate` and `predict` accept it in place of a run.

    Examples:
        trainlab ensemble digits-1 digits-2 digits-3
        trainlab ensemble --sweep digits-sweep-1 --top 5 --fit-weights
        trainlab ensemble --snapshots digits-snapshots-1 --by vote
    """
    with _terminal.answering(as_json):
        made = make_ensemble(
            _members(members or [], sweep, top, snapshots, runs),
            method=by.value,
            fit=fit_weights,
            data=data,
            snapshots=snapshots is not None,
            name=name,
            runs=runs,
            save=save,
        )
    if as_json:
        _terminal.emit(made.as_dict())
        return
    _terminal.say("\n".join(_lines(made)))
    if made.folder is not None:
        _terminal.note(f"\nwrote {made.folder}; next: trainlab evaluate {made.folder}")


def _members(given: Sequence[str], sweep: str | None, top: int, snapshots: str | None, runs: Path) -> list[Member]:
    count = (bool(given), sweep is not None, snapshots is not None).count(True)
    if count == 0:
        raise UserError("no networks given: name two or more runs, or a --sweep, or a run with --snapshots")
    if count > 1:
        raise UserError("too many sources of networks: name either runs, or a --sweep, or a run with --snapshots")
    if sweep is not None:
        folder = find_sweep(sweep, runs)
        return from_runs(best_runs(folder, top), runs, inside=folder / "trials")
    return from_snapshots(snapshots, runs) if snapshots is not None else from_runs(given, runs)


def _lines(made: Made) -> list[str]:
    """A table of the members and the ensemble, then how they compare."""
    parts = made.parts
    label = {part: part if part in ("val", "test") else "file" for part in parts}
    rows: list[Scored] = [*made.members, *made.beside, made.together]
    columns = [
        Column("member", [row.name for row in rows], right=False, shrinks=12, shrinks_at=1.5, keep_end=True),
        Column("weight", ["" if row.weight is None else f"{row.weight:.3f}" for row in rows], 1),
    ]
    columns += [
        Column(f"{label[part]}_{metric}", [_cell(row.scores[part].get(metric)) for row in rows], rank)
        for part in parts
        for metric, rank in ((made.metric, 2), ("loss", 3))
    ]
    lines = grid(columns, width=_terminal.columns(None))
    part = parts[-1]
    mine, best = made.together.scores[part].get(made.metric), made.best.scores[part].get(made.metric)
    if mine is not None and best is not None:
        word = "above" if mine > best else "below" if mine < best else "the same as"
        gap = f"{abs(mine - best):.4f} " if mine != best else ""
        lines += [
            "",
            f"{label[part]} {made.metric} {mine:.4f}: {gap}{word} the best member, {made.best.name} ({best:.4f})",
        ]
    classes = "accuracy" in made.together.scores[part]
    what = "agree on" if classes else "have a correlation of"
    share = f"{made.mean_agreement:.1%} of the rows" if classes else f"{made.mean_agreement:.4f}"
    lines.append(f"On average two members {what} {share}.")
    return lines


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
