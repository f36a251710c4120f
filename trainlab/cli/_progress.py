"""The progress of a run on stderr: plain lines here, redrawn lines on a terminal in `_live.py`.

The callbacks write to stderr. `Progress` holds the state of the run; `frame` turns it into lines of a given width, so
tests need no terminal.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, log10
from time import perf_counter
from typing import Any

from trainlab.cli import _terminal
from trainlab.diagnose.finding import Finding
from trainlab.report.curve import sparkline
from trainlab.report.findings import FindingGroup, grouped
from trainlab.report.text import number
from trainlab.training.callbacks import Callback, RunInfo, RunResult, StepInfo

_MOST_POINTS = 512  # of the loss curve; above it, neighboring points become their mean
_SCORES = ("accuracy", "r2")
PULSE = 10.0  # seconds between two lines that say how far a long command is


@dataclass(slots=True)
class Curve:
    """The losses of a run of any length in few points, each the mean of `stride` losses.

    >>> curve = Curve(most=2, fresh=[4.0, 2.0, 1.0])
    >>> curve.points()
    [3.0]
    """

    most: int = _MOST_POINTS
    fresh: list[float] = field(default_factory=list[float])
    stride: int = 1
    _points: list[float] = field(default_factory=list[float])

    def points(self) -> list[float]:
        """All points, including the losses in `fresh`."""
        whole = len(self.fresh) // self.stride
        for i in range(whole):
            self._points.append(sum(self.fresh[i * self.stride : (i + 1) * self.stride]) / self.stride)
        del self.fresh[: whole * self.stride]
        while len(self._points) > self.most:
            if len(self._points) % 2:
                self.fresh[:0] = [self._points.pop()] * self.stride
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [(a + b) / 2 for a, b in pairs]
            self.stride *= 2
        return self._points


@dataclass(slots=True)
class Progress:
    """How far a run has come."""

    info: RunInfo
    began: float = field(default_factory=perf_counter)
    step: int = 0
    epoch: float = 0.0
    first_epoch: float = 0.0
    loss: float | None = None
    lr: float | None = None
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])
    curve: Curve = field(default_factory=Curve)

    def left(self, now: float) -> float | None:
        """Seconds to the end at the pace so far."""
        done = self.epoch - self.first_epoch
        return (now - self.began) / done * (self.info.epochs - self.epoch) if done > 0 else None


class Quiet(Callback):
    """Shows nothing, but a signal can stop it.

    running: a signal stops the run gently. Before the first evaluation or step of a session has ended, there is nothing
    to save: a signal ends the program.
    """

    everywhere = True  # every process ends after its step
    running = False

    def on_step_end(self, info: StepInfo) -> None:
        """There is something to save."""
        self.running = True

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """There is something to save."""
        self.running = True

    def close(self) -> None:
        """Leave the terminal as it was."""


class Pulse(Quiet):
    """A line every ten seconds: which of several runs is being trained, and how far it has come."""

    def __init__(self) -> None:
        self._info: RunInfo | None = None
        self._told = perf_counter()

    def on_train_begin(self, info: RunInfo) -> None:
        """Another run begins."""
        self._info = info

    def on_step_end(self, info: StepInfo) -> None:
        """Print the line if it is time."""
        super().on_step_end(info)
        if perf_counter() - self._told >= PULSE and (run := self._info):
            self._told = perf_counter()
            _terminal.note(f"{run.name}: training, epoch {min(int(info.epoch) + 1, run.epochs)} of {run.epochs}")


class Lines(Quiet):
    """A line per epoch, a line per finding."""

    def __init__(self) -> None:
        self._epochs = 0
        self._before = perf_counter()
        self._findings = Findings()

    def on_train_begin(self, info: RunInfo) -> None:
        """Print what is about to run."""
        self._epochs = info.epochs
        self._before = perf_counter()
        for line in headlines(info):
            _terminal.note(line)

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Print the epoch's line."""
        super().on_epoch_end(row)
        now = perf_counter()
        seconds, self._before = now - self._before, now
        parts = [f"epoch {row['epoch']}/{self._epochs}", *(f"{k} {v}" for k, v in numbers(row)), f"{seconds:.1f}s"]
        _terminal.note("  ".join(parts))
        self._tell()

    def on_finding(self, finding: Finding) -> None:
        """Keep it for the next line: a finding in several layers becomes one line."""
        self._findings.add(finding)

    def on_step_end(self, info: StepInfo) -> None:
        """Print the findings since the last line."""
        super().on_step_end(info)
        if self._findings.new:
            self._tell()

    def on_train_end(self, result: RunResult) -> None:
        """Print the last findings."""
        self._tell()

    def _tell(self) -> None:
        for _, line in self._findings.pop_lines():
            _terminal.note(line)


class Findings:
    """Findings on their way to the screen: a finding in several layers at one moment becomes one line."""

    def __init__(self) -> None:
        self.new: list[Finding] = []
        self._shown: set[str] = set()

    def add(self, finding: Finding) -> None:
        """Keep a finding for the next line."""
        self.new.append(finding)

    def pop_lines(self) -> list[tuple[str, str]]:
        """(severity, line) of each code found since the last call."""
        groups = grouped([finding.as_dict() for finding in self.new])
        self.new.clear()
        lines = [(group.severity, self._line(group)) for group in groups]
        self._shown |= {group.code for group in groups}
        return lines

    def _line(self, group: FindingGroup) -> str:
        head = f"{group.severity} {group.code} (epoch {group.epoch})"
        if group.code in self._shown and group.layers:
            return f"{head}: now also in {', '.join(group.layers)}"
        more = f" Also in {', '.join(group.layers[1:])}." if len(group.layers) > 1 else ""
        return f"{head}: {group.message}{more}"


def headlines(info: RunInfo) -> list[str]:
    """A line on the run, on each guess about the data, on the skipped checks, and on the metric that decides."""
    splits = [f"{n} {split}" for n, split in ((info.val_rows, "validation"), (info.test_rows, "test")) if n]
    rows = f"{', '.join([f'{info.train_rows} training', *splits])} rows; {info.parameters} parameters"
    where = f"resuming after step {info.resumed_at}" if info.resumed_at is not None else "starting"
    head = f"{info.name}: {where}; {rows}; {info.epochs} epochs of {info.steps_per_epoch} steps"
    lines = [f"{head}; {info.note}" if info.note else head, *(f"data: {note}" for note in info.data_notes)]
    if info.skipped:
        command = shlex.join(["trainlab", "check", str(info.folder / "config.yaml")])
        lines.append(f"skipped before training: {', '.join(info.skipped)} (run `{command}`)")
    if info.best and info.resumed_at is None:
        lines.append(f"best epoch: {info.best}")
    return lines


def numbers(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers of a row of metrics.csv for one line, by their short names."""
    names = [("train_loss", "loss"), *((f"train_{s}", _short(s)) for s in _SCORES), ("val_loss", "val_loss")]
    names += [*((f"val_{s}", f"val_{_short(s)}") for s in _SCORES)]
    known = {column for column, _ in names}
    names += [*((column, column) for column in row if column.startswith("val_") and column not in known), ("lr", "lr")]
    return [(short, number(row[column])) for column, short in names if row.get(column) is not None]


def frame(p: Progress, width: int, now: float, *, fancy: bool = True) -> list[str]:
    """The lines on the terminal: epochs and time left, newest numbers, loss curve; none is longer than `width`."""
    left = p.left(now)
    share = min(1.0, p.epoch / p.info.epochs) if p.info.epochs else 1.0
    head = f"epoch {min(int(p.epoch) + (share < 1), p.info.epochs)}/{p.info.epochs}"
    tail = "" if left is None else f"{clock(left)} left" if width >= 60 else clock(left)
    room = min(40, width - len(head) - len(tail) - 2)
    middle = f" {bar(share, room, fancy=fancy)} " if room >= 5 else "  "
    lines = [f"{head}{middle}{tail}"[:width], _numbers_line(p, width)]
    losses = p.curve.points()
    if len(losses) > 1 and width > 10:
        lines.append("loss " + sparkline(_scaled(losses), min(width - 5, 60), ascii_only=not fancy))
    return lines


def bar(share: float, width: int, *, fancy: bool = True) -> str:
    """A progress bar of this width, filled by a share.

    >>> bar(0.5, 8, fancy=False)
    '####----'
    """
    full = round(share * width)
    return "━─"[0] * full + "─" * (width - full) if fancy else "#" * full + "-" * (width - full)


def clock(seconds: float) -> str:
    """Seconds as minutes or hours.

    >>> clock(5), clock(75), clock(3700)
    ('0:05', '1:15', '1:01:40')
    """
    minutes, s = divmod(round(min(seconds, 359999)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"


def _scaled(losses: list[float]) -> list[float]:
    """The losses, or their logarithms if they span a decade or more, so that late changes stay visible."""
    finite = [v for v in losses if isfinite(v)]
    if finite and min(finite) > 0 and max(finite) / min(finite) >= 10:
        return [log10(v) if isfinite(v) else v for v in losses]
    return losses


def _numbers_line(p: Progress, width: int) -> str:
    """The newest numbers, as many as fit, the loss and the scores first."""
    row = dict(p.row)
    if p.loss is not None:
        row["train_loss"] = p.loss
    if p.lr is not None:
        row["lr"] = p.lr
    every = numbers(row)
    kept: set[str] = set()
    used = 0
    for name, text in sorted(every, key=lambda pair: _rank(pair[0])):
        used += len(name) + len(text) + 1 + (2 if kept else 0)
        if used <= width:
            kept.add(name)
    return "  ".join(f"{name} {text}" for name, text in every if name in kept)


def _rank(name: str) -> int:
    order = ("loss", "val_acc", "val_r2", "acc", "r2", "lr", "val_loss")
    return order.index(name) if name in order else len(order)


def _short(score: str) -> str:
    return "acc" if score == "accuracy" else score
