"""What is seen of a run while it goes on: a few redrawn lines on a terminal, plain lines anywhere else.

The callbacks write to stderr. `Progress` holds the state of the run; `frame` turns it into lines of a given width, so
tests need no terminal.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, log10
from time import perf_counter
from typing import Any

from trainlab.cli import _terminal
from trainlab.diagnose.finding import Finding
from trainlab.report.curve import sparkline
from trainlab.training.callbacks import Callback, RunInfo, RunResult, StepInfo

_EVERY = 0.125  # seconds between two frames
_KEPT = 512  # points kept of the loss; when there are more, neighbours become their mean
_COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_SCORES = ("accuracy", "r2")
_BLOCKS = "▁▂▃▄▅▆▇█━─"


@dataclass(slots=True)
class Curve:
    """The losses of a run of any length in few points, each the mean of `stride` losses.

    >>> curve = Curve(kept=2, fresh=[4.0, 2.0, 1.0])
    >>> curve.points()
    [3.0]
    """

    kept: int = _KEPT
    fresh: list[float] = field(default_factory=list[float])
    stride: int = 1
    _points: list[float] = field(default_factory=list[float])

    def points(self) -> list[float]:
        """All points, those of the losses in `fresh` included."""
        whole = len(self.fresh) // self.stride
        for i in range(whole):
            self._points.append(sum(self.fresh[i * self.stride : (i + 1) * self.stride]) / self.stride)
        del self.fresh[: whole * self.stride]
        while len(self._points) > self.kept:
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
    """Says nothing, but is a Callback that a signal can stop."""

    running = False

    def on_train_begin(self, info: RunInfo) -> None:
        """From here on a stop is heard."""
        self.running = True

    def close(self) -> None:
        """Leave the terminal as it was."""


class Lines(Quiet):
    """A line per epoch, a line per diagnosis."""

    def __init__(self) -> None:
        self._epochs = 0
        self._before = perf_counter()
        self._findings = Findings()

    def on_train_begin(self, info: RunInfo) -> None:
        """Tell what is about to run."""
        super().on_train_begin(info)
        self._epochs = info.epochs
        self._before = perf_counter()
        for line in headlines(info):
            _terminal.note(line)

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Print the epoch's line."""
        now = perf_counter()
        seconds, self._before = now - self._before, now
        parts = [f"epoch {row['epoch']}/{self._epochs}", *(f"{k} {v}" for k, v in numbers(row)), f"{seconds:.1f}s"]
        _terminal.note("  ".join(parts))
        self._tell()

    def on_finding(self, finding: Finding) -> None:
        """Keep it for the next line: what hits many layers at once is told once."""
        self._findings.add(finding)

    def on_step_end(self, info: StepInfo) -> None:
        """Tell what has been found since."""
        if self._findings.new:
            self._tell()

    def on_train_end(self, result: RunResult) -> None:
        """Tell what was found last."""
        self._tell()

    def _tell(self) -> None:
        for _, line in self._findings.told():
            _terminal.note(line)


@dataclass(slots=True)
class Findings:
    """Diagnoses on their way to the screen: what is found in several layers at one moment becomes one line."""

    new: list[Finding] = field(default_factory=list[Finding])
    _codes: set[str] = field(default_factory=set[str])

    def add(self, diagnosis: Finding) -> None:
        """Something was found."""
        self.new.append(diagnosis)

    def told(self) -> list[tuple[str, str]]:
        """(severity, line) of what was found since the last call."""
        groups: dict[str, list[Finding]] = {}
        for diagnosis in self.new:
            groups.setdefault(diagnosis.code, []).append(diagnosis)
        lines = [(group[0].severity, self._line(group)) for group in groups.values()]
        self._codes |= set(groups)
        self.new.clear()
        return lines

    def _line(self, group: Sequence[Finding]) -> str:
        first = group[0]
        layers = [d.layer for d in group if d.layer]
        head = f"{first.severity} {first.code} (epoch {first.epoch})"
        if first.code in self._codes and layers:
            return f"{head}: now also in {', '.join(layers)}"
        more = f" Likewise: {', '.join(layers[1:])}." if len(layers) > 1 else ""
        return f"{head}: {first.message}{more}"


def headlines(info: RunInfo) -> list[str]:
    """A line on what is about to run, and one on what was not looked at before."""
    rows = [f"{n} {part}" for n, part in ((info.val_rows, "validation"), (info.test_rows, "test")) if n]
    known = f"{', '.join([f'{info.train_rows} training', *rows])} rows; {info.parameters} parameters"
    where = f"going on after step {info.resumed_at}" if info.resumed_at is not None else "starting"
    said = f"{info.name}: {where}; {known}; {info.epochs} epochs of {info.steps_per_epoch} steps"
    lines = [f"{said}; {info.note}" if info.note else said]
    if info.skipped:
        command = shlex.join(["trainlab", "check", str(info.folder / "config.yaml")])
        lines.append(f"not tried before the start: {', '.join(info.skipped)}; `{command}` does")
    return lines


def numbers(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers of a row of metrics.csv that belong into one line, by their short names."""
    names = [("train_loss", "loss"), *((f"train_{s}", _short(s)) for s in _SCORES), ("val_loss", "val_loss")]
    names += [*((f"val_{s}", f"val_{_short(s)}") for s in _SCORES), ("lr", "lr")]
    return [(short, number(row[column])) for column, short in names if row.get(column) is not None]


def number(value: float) -> str:
    """A measured number, to four digits.

    >>> number(0.123456), number(1e-5), number(1.0)
    ('0.1235', '1e-05', '1')
    """
    return f"{value:.4g}"


def frame(p: Progress, width: int, now: float, *, fancy: bool = True) -> list[str]:
    """What stands on the terminal: epochs and time left, the newest numbers, the loss so far; no line over `width`."""
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
    """A line of this many characters, filled by a share.

    >>> bar(0.5, 8, fancy=False)
    '####----'
    """
    full = round(share * width)
    return "━─"[0] * full + "─" * (width - full) if fancy else "#" * full + "-" * (width - full)


def clock(seconds: float) -> str:
    """Seconds as people write them.

    >>> clock(5), clock(75), clock(3700)
    ('0:05', '1:15', '1:01:40')
    """
    minutes, s = divmod(round(min(seconds, 359999)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"


def _scaled(losses: list[float]) -> list[float]:
    """The losses, or their logarithms where they span a decade or more: what happens late stays visible."""
    finite = [v for v in losses if isfinite(v)]
    if finite and min(finite) > 0 and max(finite) / min(finite) >= 10:
        return [log10(v) if isfinite(v) else v for v in losses]
    return losses


def _numbers_line(p: Progress, width: int) -> str:
    """The newest numbers, as many as fit: the loss and the scores before the rest."""
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
    return order.index(name)


def _short(score: str) -> str:
    return "acc" if score == "accuracy" else score
