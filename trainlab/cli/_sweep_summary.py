"""Texts about a sweep: the plan before it starts; at its end the best trials, the failures and the next command."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainlab.cli._sweep_progress import drawn
from trainlab.report.compare import short_names
from trainlab.report.insights import Insights
from trainlab.report.text import clean, fit, folded, width_of
from trainlab.search.space import SearchSpace, Trial, summed
from trainlab.search.strategy import Cohort
from trainlab.search.summary import Summary
from trainlab.search.table import Row, spelled

_ALIKE = 10  # trials that are listed
_MOST = 5  # failed trials and reasons that are listed


def as_data(summary: Summary, known: Insights) -> dict[str, Any]:
    """The result as `--json` prints it."""
    return {
        "folder": str(summary.folder),
        "state": "finished" if summary.complete else "interrupted",
        "exit_code": summary.exit_code,
        "metric": summary.metric,
        "trials": summary.trials,
        "counts": dict(summary.counts),
        "best": [row.as_dict(summary.metric) for row in summary.best],
        "failed": [row.as_dict(summary.metric) for row in summary.failed],
        "edges": [{"path": e.path, "value": e.value, "end": e.end, "try": e.wider} for e in summary.edges],
        "redrawn": dict(summary.refused),
        "learnt": known.as_dict(),
        "not_told_apart": [{"trial": number, **asdict(c)} for number, c in summary.alike],
    }


def as_text(summary: Summary, known: Insights, room: int | None) -> str:
    """The result as text."""
    ended = ", ".join(f"{number} {status}" for status, number in sorted(summary.counts.items())) or "none"
    lines = [f"{'sweep finished' if summary.complete else 'sweep interrupted'}: {ended} of {summary.trials} trials"]
    lines += [f"  folder  {summary.folder}"]
    if summary.best:
        lines += ["", *_best(summary, room), *_alike(summary)]
    lines += _several([f"trial {row.trial} failed: {row.reason}" for row in summary.failed])
    lines += _refused(summary.refused)
    if insights := known.lines():
        lines += ["", folded("\n".join(insights), room)]
    return "\n".join([*lines, "", f"next: {following(summary)}"])


def scored(row: Row) -> str:
    """A score, with the half width of its interval if it is a mean over runs.

    >>> from trainlab.search.uncertainty import Spread
    >>> scored(Row(1, "finished", {}, 0.9, 3, spread=Spread(0.9, 0.01, 0.8753, 0.9247)))
    '0.9 +- 0.025'
    """
    around = f" +- {row.spread.high - row.spread.mean:.2g}" if row.spread else ""
    return f"{row.score:.4g}{around}"


def epochs(row: Row) -> int:
    """The mean number of epochs of the trial's runs."""
    return round(row.epochs / max(1, len(row.scores)))


def following(summary: Summary) -> str:
    """The next command: resume, train the best config, or report the failures."""
    folder = summary.folder
    if not summary.complete:
        return shlex.join(["trainlab", "sweep", "--resume", str(folder)])
    if summary.best:
        return shlex.join(["trainlab", "train", str(folder / "best.yaml")])
    return shlex.join(["trainlab", "report", str(folder)])


def plan_text(space: SearchSpace, trials: Sequence[Trial], where: Path) -> str:
    """The plan of a sweep."""
    paths = ", ".join(space.distributions)
    runs = f", {space.sweep.runs} runs each" if space.sweep.runs > 1 else ""
    count, name = f"{space.sweep.trials} trials{runs}", space.sweep.strategy.name
    lines = [f"{count} by {name} search over {paths}, compared by {space.sweep.metric}"]
    lines += [f"  {part}" for part in _parts(space)]
    lines += [f"  folder  {where}", *_refused(summed(t.refused for t in trials))]
    return "\n".join([*lines, "nothing was trained; --print-trials lists the trials"])


def _parts(space: SearchSpace) -> list[str]:
    """The cohorts of a strategy that has several cohorts or rungs."""
    several = len(space.cohorts) > 1 or any(cohort.rungs for cohort in space.cohorts)
    return [_part(cohort) for cohort in space.cohorts[:_MOST]] if several else []


def _part(cohort: Cohort) -> str:
    first, last = cohort.trials[0], cohort.trials[-1]
    facts = [f"{cohort.epochs} epoch{'s'[: cohort.epochs != 1]}"] if cohort.epochs else []
    facts += (
        [f"the best 1/{cohort.reduction_factor} continue after epoch {', '.join(map(str, cohort.rungs))}"]
        if cohort.rungs
        else []
    )
    facts += ["drawn from the results of earlier trials"] if cohort.waits else []
    return f"trials {first} to {last}: {'; '.join(facts) or 'drawn at the start'}"


def later_text(space: SearchSpace, known: int) -> str:
    """Why not all trials are listed; empty if they are."""
    left = space.sweep.trials - known
    return f"the other {left} trials are drawn from the results of these" if left else ""


def trials_text(trials: Sequence[Trial], paths: Sequence[str], room: int | None) -> str:
    """A table of the trials with their values at these paths."""
    rows = [
        {"trial": str(t.number)} | {p: spelled(t.values[p]) if p in t.values else "" for p in paths} for t in trials
    ]
    table = _table(rows, room) or [f"trial {t.number}: {drawn(t.values)}" for t in trials]
    return "\n".join([*table, *_refused(summed(t.refused for t in trials))])


def _best(summary: Summary, room: int | None) -> list[str]:
    paths = dict.fromkeys(path for row in summary.best for path in row.values)
    rows = [
        {"trial": str(row.trial), summary.metric: scored(row), "epoch": f"{row.best_epoch}/{epochs(row)}"}
        | {path: spelled(row.values[path]) if path in row.values else "" for path in paths}
        for row in summary.best
    ]
    flat = [
        f"trial {row.trial}  {summary.metric} {scored(row)} at epoch {row.best_epoch}  {drawn(row.values)}"
        for row in summary.best
    ]
    return [f"the best by {summary.metric}:", *(_table(rows, room) or flat)]


def _alike(summary: Summary) -> list[str]:
    """The trials whose scores do not differ significantly from the best."""
    numbers = [str(number) for number, _ in summary.alike]
    if not numbers:
        return []
    listed = ", ".join(numbers[:_ALIKE]) + (f" and {len(numbers) - _ALIKE} more" if len(numbers) > _ALIKE else "")
    pairs = summary.alike[0][1].pairs
    best = summary.best[0].trial
    return [f"no significant difference from trial {best} over {pairs} runs each (paired, 95 %): trial {listed}"]


def _table(rows: Sequence[Mapping[str, str]], room: int | None) -> list[str]:
    """The rows below their column names, which are shortened if necessary; nothing if the rows do not fit."""
    columns = list(rows[0])
    for titles in (columns, short_names(columns)):
        cells = [[clean(row[column]) for row in rows] for column in columns]
        widths = [max(map(width_of, (title, *values))) for title, values in zip(titles, cells, strict=True)]
        if room is None or sum(widths) + 2 * len(widths) - 2 <= room:
            table = [titles, *([values[i] for values in cells] for i in range(len(rows)))]
            return ["  ".join(map(fit, line, widths)).rstrip() for line in table]
    return []


def _refused(reasons: Mapping[str, int]) -> list[str]:
    if not reasons:
        return []
    total = sum(reasons.values())
    head = f"{total} draw{'s' * (total != 1)} made no valid config and {'were' if total > 1 else 'was'} drawn again:"
    return [head, *_several([f"  {count} x {reason}" for reason, count in reasons.items()])]


def _several(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MOST
    return [*lines[:_MOST], f"  and {more} more"] if more > 0 else list(lines)
