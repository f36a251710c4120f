"""The progress of a run on a terminal: a few lines, redrawn in place.

A module of its own, because rich takes 40 ms to import.
"""

import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from trainlab.cli import _terminal
from trainlab.cli._progress import Curve, Findings, Progress, Quiet, frame, headlines
from trainlab.diagnose.finding import Finding
from trainlab.report.text import severity_color
from trainlab.training.callbacks import RunInfo, RunResult, StepInfo

_EVERY = 0.125  # seconds between two frames
_BLOCKS = "▁▂▃▄▅▆▇█━─"


class Redrawn(Quiet):
    """Lines on a terminal, redrawn in place, with the findings scrolling by above them."""

    def __init__(self) -> None:

        self._console = Console(file=sys.stderr, force_terminal=True, force_interactive=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._unicode = _terminal.fits(_BLOCKS, sys.stderr)
        self._findings = Findings()
        self._progress: Progress | None = None
        self._curve = Curve()
        self._hear = self._curve.fresh.append
        self._due = 0.0

    def on_train_begin(self, info: RunInfo) -> None:
        """Draw the first frame."""
        first = (info.resumed_at or 0) / info.steps_per_epoch
        self._progress = Progress(info, step=info.resumed_at or 0, epoch=first, first_epoch=first, curve=self._curve)
        for line in headlines(info):
            self._print(line)
        self._live.start()
        self._draw()

    def on_step_end(self, info: StepInfo) -> None:
        """Remember the loss; redraw a few times a second."""
        super().on_step_end(info)
        self._hear(info.loss)
        if perf_counter() >= self._due and (p := self._progress):
            p.step, p.epoch, p.loss, p.lr = info.step, info.epoch, info.loss, info.lr
            self._draw()

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Keep the epoch's scores for the next frame."""
        super().on_epoch_end(row)
        if p := self._progress:
            p.row, p.epoch, p.loss, p.lr = row, row["epoch"], row.get("train_loss"), row.get("lr")

    def on_finding(self, finding: Finding) -> None:
        """Print it with the next frame, one line per code."""
        self._findings.add(finding)
        self._due = 0.0

    def on_train_end(self, result: RunResult) -> None:
        """Draw the last frame and leave it there."""
        if p := self._progress:
            p.epoch = max(p.epoch, result.epoch)
            self._draw()
        self.close()

    def close(self) -> None:
        """Release the terminal."""
        self._live.stop()

    def _draw(self) -> None:

        p = self._progress
        if p is None:
            return
        for severity, line in self._findings.pop_lines():
            self._print(line, severity_color(severity))
        now = perf_counter()
        lines = frame(p, self._console.width - 1, now, fancy=self._unicode)
        self._live.update(Text("\n".join(map(_terminal.shown, lines)), no_wrap=True, overflow="crop"), refresh=True)
        self._due = now + _EVERY

    def _print(self, line: str, style: str = "") -> None:

        self._console.print(Text(_terminal.shown(line), style=style))
