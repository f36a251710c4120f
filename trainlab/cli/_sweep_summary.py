"""What is said of a sweep when it is over, or before it begins: the best trials, what went wrong, what to type next."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainlab.cli._sweep_progress import drawn
from trainlab.lab.sweep.space import Space, Trial, summed
from trainlab.lab.sweep.summary import Summary
from trainlab.lab.sweep.table import spelled
from trainlab.report.compare import short_names
from trainlab.report.text import clean, fit, width_of

_MOST = 5  # failed trials and reasons that are told


def width() -> int | None:
    """The width of what stdout goes to, None if it is not known."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None


def as_data(summary: Summary) -> dict[str, Any]:
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
    }


def as_text(summary: Summary, room: int | None) -> str:
    """The result as people read it."""
    ended = ", ".join(f"{number} {status}" for status, number in sorted(summary.counts.items())) or "none"
    lines = [f"{'swept' if summary.complete else 'interrupted'}: {ended} of {summary.trials} trials"]
    lines += [f"  folder  {summary.folder}"]
    if summary.best:
        lines += ["", *_best(summary, room)]
    lines += _several([f"trial {row.trial} failed: {row.reason}" for row in summary.failed])
    lines += _refused(summary.refused)
    lines += [f"edge-of-range: {edge}" for edge in summary.edges]
    return "\n".join([*lines, "", f"next: {following(summary)}"])


def following(summary: Summary) -> str:
    """The command that makes sense next: go on, train the best config, or look at what failed."""
    folder = summary.folder
    if not summary.complete:
        return shlex.join(["trainlab", "sweep", "--resume", str(folder)])
    if summary.best:
        return shlex.join(["trainlab", "train", str(folder / "best.yaml")])
    return shlex.join(["trainlab", "report", str(folder)])


def plan_text(space: Space, trials: Sequence[Trial], where: Path) -> str:
    """What a sweep would do."""
    paths = ", ".join(space.distributions)
    lines = [f"{len(trials)} trials by {space.sweep.strategy.name} search over {paths}; {space.sweep.metric} decides"]
    lines += [f"  folder  {where}", *_refused(summed(trials))]
    return "\n".join([*lines, "nothing was trained; --print-trials lists the trials"])


def trials_text(trials: Sequence[Trial], room: int | None) -> str:
    """What every trial would try."""
    rows = [{"trial": str(t.number)} | {p: spelled(v) for p, v in t.values.items()} for t in trials]
    table = _table(rows, room) or [f"trial {t.number}: {drawn(t.values)}" for t in trials]
    return "\n".join([*table, *_refused(summed(trials))])


def _best(summary: Summary, room: int | None) -> list[str]:
    rows = [
        {"trial": str(row.trial), summary.metric: f"{row.score:.4g}", "epoch": f"{row.best_epoch}/{row.epochs}"}
        | {path: spelled(value) for path, value in row.values.items()}
        for row in summary.best
    ]
    flat = [
        f"trial {row.trial}  {summary.metric} {row.score:.4g} at epoch {row.best_epoch}  {drawn(row.values)}"
        for row in summary.best
    ]
    return [f"the best by {summary.metric}:", *(_table(rows, room) or flat)]


def _table(rows: Sequence[Mapping[str, str]], room: int | None) -> list[str]:
    """The rows below their column names, shortened if need be; nothing if they do not fit."""
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
    head = f"{total} draw{'s' * (total != 1)} made no valid config and {'were' if total > 1 else 'was'} drawn anew:"
    return [head, *_several([f"  {count} x {reason}" for reason, count in reasons.items()])]


def _several(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MOST
    return [*lines[:_MOST], f"  and {more} more"] if more > 0 else list(lines)
