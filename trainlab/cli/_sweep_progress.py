"""Progress of a sweep: a table redrawn on a terminal, a line per trial anywhere else.

`Standing` holds the numbers, and `frame` makes the lines for a given width, so tests need no terminal.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from trainlab.cli import _terminal
from trainlab.cli._progress import bar, clock
from trainlab.core.errors import UserError
from trainlab.report.compare import short_names
from trainlab.report.text import clean, fit, number, width_of
from trainlab.search.callbacks import SweepCallback, SweepInfo
from trainlab.search.space import Trial
from trainlab.search.table import Row, ranked, spelled
from trainlab.store.rows import last_row

_EVERY = 0.2  # seconds between two frames
_SHOWN = 4  # running trials with their own line
_TOP = 3  # best trials
_SIGNS = "━─…"


@dataclass(slots=True)
class Standing:
    """Progress of a sweep so far."""

    info: SweepInfo
    began: float = field(default_factory=perf_counter)
    running: dict[int, Trial] = field(default_factory=dict[int, Trial])
    waiting: set[int] = field(default_factory=set[int])
    counts: Counter[str] = field(default_factory=Counter[str])
    ended: int = 0
    best: list[Row] = field(default_factory=list[Row])

    def __post_init__(self) -> None:
        for row in self.info.done:
            self.take(row)
        self.ended = 0  # in this session

    def take(self, row: Row) -> bool:
        """Count a trial that has ended. Returns whether it is the best so far."""
        self.running.pop(row.trial, None)
        self.waiting.discard(row.trial)
        self.counts[row.status] += 1
        self.ended += 1
        self.best = ranked([*self.best, row], self.info.metric)[:_TOP]
        return bool(self.best) and self.best[0] is row

    def untake(self, row: Row) -> None:
        """Uncount a trial that had ended, because it continues."""
        self.counts[row.status] -= 1
        self.ended -= 1

    def left(self, now: float) -> float | None:
        """Seconds to the end at the pace so far."""
        rest = self.info.trials - len(self.info.done) - self.ended
        return (now - self.began) / self.ended * rest if self.ended else None


class Quiet(SweepCallback):
    """Prints notes only."""

    running = False

    def on_sweep_begin(self, info: SweepInfo) -> None:
        """From now on a signal requests a stop."""
        self.running = True

    def on_note(self, text: str) -> None:
        """Print it."""
        _terminal.note(text)


class Lines(Quiet):
    """A line per trial."""

    def __init__(self) -> None:
        super().__init__()
        self._standing: Standing | None = None

    def on_sweep_begin(self, info: SweepInfo) -> None:
        """Print the headline."""
        super().on_sweep_begin(info)
        self._standing = Standing(info)
        _terminal.note(headline(info))

    def on_trial_rescued(self, row: Row) -> None:
        """It is counted again when it ends."""
        if s := self._standing:
            s.untake(row)

    def on_trial_end(self, row: Row) -> None:
        """Print the trial's line."""
        if s := self._standing:
            new = s.take(row)
            count = f"[{len(s.info.done) + s.ended}/{s.info.trials}]"
            _terminal.note(f"{count} {line(row, s.info.metric)}{'  best so far' if new else ''}")


class Redrawn(Quiet):
    """Lines redrawn in place on a terminal; failed trials scroll by above them."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=sys.stderr, force_terminal=True, force_interactive=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._fancy = _terminal.fits(_SIGNS, sys.stderr)
        self._standing: Standing | None = None
        self._due = 0.0

    def on_sweep_begin(self, info: SweepInfo) -> None:
        """Draw the first frame."""
        super().on_sweep_begin(info)
        self._standing = Standing(info)
        self._print(headline(info))
        self._live.start()

    def on_trial_begin(self, trial: Trial) -> None:
        """Show a line for it."""
        if s := self._standing:
            s.running[trial.number] = trial
            s.waiting.discard(trial.number)

    def on_trial_pause(self, number: int) -> None:
        """Count it as waiting."""
        if s := self._standing:
            s.running.pop(number, None)
            s.waiting.add(number)

    def on_trial_rescued(self, row: Row) -> None:
        """It is counted again when it ends."""
        if s := self._standing:
            s.untake(row)

    def on_note(self, text: str) -> None:
        """Print it above the table."""
        self._print(text, "yellow")

    def on_trial_end(self, row: Row) -> None:
        """Remove its line; print one that stays if it failed."""
        if s := self._standing:
            s.take(row)
            if row.status in ("failed", "diverged"):
                self._print(line(row, s.info.metric), "red")
            self._due = 0.0

    def on_poll(self) -> None:
        """Redraw a few times a second."""
        if perf_counter() >= self._due:
            self._draw()

    def on_sweep_end(self) -> None:
        """Draw the last frame and leave it there."""
        if self._standing and self._live.is_started:
            self._draw()
        self._live.stop()

    def _draw(self) -> None:
        from rich.text import Text

        if s := self._standing:
            now = perf_counter()
            text = "\n".join(frame(s, self._console.width - 1, now, fancy=self._fancy))
            self._live.update(Text(text, no_wrap=True, overflow="crop"), refresh=True)
            self._due = now + _EVERY

    def _print(self, text: str, style: str = "") -> None:
        from rich.text import Text

        self._console.print(Text(_terminal.shown(text), style=style))


def headline(info: SweepInfo) -> str:
    """The first line, for example `x-sweep-1: 10 trials, 2 at once, by val_loss`."""
    done = f" ({len(info.done)} done)" if info.done else ""
    return f"{info.name}: {info.trials} trials{done}, {info.workers} at once, by {info.metric}"


def line(row: Row, metric: str) -> str:
    """The line for a trial that has ended.

    >>> line(Row(3, "finished", {"optimizer.lr": 0.01}, 0.95, 8), "val_accuracy")
    'trial 3 finished: val_accuracy 0.95 at epoch 8  optimizer.lr=0.01'
    """
    score = "" if row.score is None else f"{metric} {row.score:.4g} at epoch {row.best_epoch}"
    parts = [score if row.status == "finished" else row.reason, drawn(row.values)]
    return f"trial {row.trial} {row.status}: {'  '.join(part for part in parts if part)}"


def drawn(values: Mapping[str, Any], *, short: bool = False) -> str:
    """Values as on the command line; `short` shortens the paths as far as they stay different.

    >>> drawn({"optimizer.lr": 0.01, "model.hidden": [64, 32]})
    'optimizer.lr=0.01 model.hidden=[64,32]'
    """
    names = short_names(list(values)) if short else values
    pairs = zip(names, values.values(), strict=True)
    return " ".join(f"{name}={spelled(value).replace(', ', ',')}" for name, value in pairs)


def frame(s: Standing, width: int, now: float, *, fancy: bool = True) -> list[str]:
    """The lines on the terminal: progress, counts, the best and the running trials; none is longer than `width`."""
    ended, trials, left = len(s.info.done) + s.ended, s.info.trials, s.left(now)
    head, tail = f"trial {ended}/{trials}", "" if left is None else f"{clock(left)} left"
    room = min(40, width - len(head) - len(tail) - 2)
    middle = f" {bar(ended / trials, room, fancy=fancy)} " if room >= 5 else "  "
    counts = [f"{count} {status}" for status, count in sorted(s.counts.items()) if count]
    if s.running:
        counts.append(f"{len(s.running)} running")
    if s.waiting:
        counts.append(f"{len(s.waiting)} waiting")
    lines = [head + middle + tail, "  ".join(counts) or "no trial has ended yet", *_table(s)]
    if len(s.running) > _SHOWN:
        lines.append(f"and {len(s.running) - _SHOWN} more")
    return [fit(clean(text, ascii_only=not fancy), width, ascii_only=not fancy).rstrip() for text in lines]


def _table(s: Standing) -> list[str]:
    """The best trials so far, then the running ones with their last epoch; the sampled values come last."""
    places = ("best", "2nd", "3rd")
    rows = [
        (str(row.trial), place, number(row.score), "" if row.best_epoch is None else str(row.best_epoch), row.values)
        for place, row in zip(places, s.best, strict=False)
    ]
    for trial, drawn_trial in sorted(s.running.items())[:_SHOWN]:
        epoch, score = reached(s.info.folder / "trials" / f"{trial:04}", s.info.metric)
        rows.append((str(trial), "running", number(score), epoch, drawn_trial.values))
    if not rows:
        return []
    paths = list(dict.fromkeys(path for *_, values in rows for path in values))
    head = ["trial", "", s.info.metric, "epoch", *short_names(paths)]
    cells = [[*row[:4], *(_cell(row[4], path) for path in paths)] for row in rows]
    widths = [max(width_of(line[i]) for line in (head, *cells)) for i in range(len(head))]
    return ["  ".join(fit(cell, width) for cell, width in zip(line, widths, strict=True)) for line in (head, *cells)]


def _cell(values: Mapping[str, Any], path: str) -> str:
    """A sampled value in the table, numbers to four digits."""
    value = values.get(path)
    if path not in values:
        return "-"
    return number(value) if isinstance(value, float) else spelled(value).replace(", ", ",")


def reached(trial: Path, metric: str) -> tuple[str, float | None]:
    """The last epoch of a running trial and its metric there; of several runs, those of the newest."""
    try:
        files = [trial / "metrics.csv", *trial.glob("*/metrics.csv")]
        newest = max((file for file in files if file.exists()), key=lambda file: file.stat().st_mtime, default=None)
        row = last_row(newest) if newest else {}
    except (OSError, UserError):  # it began again meanwhile
        return "", None
    value = row.get(metric)
    return str(row.get("epoch", "")), float(value) if isinstance(value, int | float) else None
