"""What a notebook shows for a run or a sweep: a small piece of HTML without script.

Text takes the notebook's own color, and every other color has a contrast of 3 to 1 and more with white and with dark
grey, so that it is readable in light and in dark notebooks.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.report.findings import grouped
from trainlab.report.html.tags import Html, prose, tag
from trainlab.report.pictures._curves import Points, metric
from trainlab.report.pictures.numbers import readable
from trainlab.report.rows import row_of
from trainlab.report.sweep_record import SweepRecord
from trainlab.report.text import duration
from trainlab.store.reading import RunRecord

_TRAIN, _VAL = "#3d85c6", "#d9730d"
_TONES = {"error": "#d9453d", "warning": "#c27c0e", "info": "#3d85c6"}
_STATES = {"finished": "#2e9d6a", "running": "#3d85c6", "interrupted": "#c27c0e", "stopped": "#c27c0e"}
_BAD = "#d9453d"
_BOX = (
    "border:1px solid rgba(128,128,128,.45);border-radius:8px;padding:10px 14px;display:inline-block;"
    "max-width:720px;overflow-x:auto;"
    "font:13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
)
_CELL = "text-align:left;padding:1px 16px 1px 0;border:0;background:none;color:inherit;font-size:13px"
_WIDTH, _HEIGHT, _TRIALS = 220, 54, 5


def run_html(record: RunRecord) -> str:
    """A run: its state, its best and test scores, its curve, and its findings."""
    row = row_of(record)
    facts: dict[str, str] = {}
    if row.best is not None:
        at = "" if row.best_epoch is None else f" (epoch {row.best_epoch})"
        facts[f"best {row.metric}"] = readable(row.best) + at
    facts |= {f"test {name}": readable(value) for name, value in row.test.items()}
    if row.epoch is not None:
        facts["epochs"] = f"{row.epoch} of {row.epochs}" if row.epochs else str(row.epoch)
    if row.seconds is not None:
        facts["time"] = duration(row.seconds)
    found = [
        tag("div", tag("b", group.code, style=f"color:{_TONES.get(group.severity, _BAD)}"), " ", prose(group.message))
        for group in grouped(record.findings)[:3]
    ]
    return _box(record.name, record.state, _side_by_side(facts, _curve(record)), *found)


def sweep_html(sweep: SweepRecord) -> str:
    """A sweep: how its trials ended, and a table of the best."""
    counts: dict[str, int] = {}
    for trial in sweep.trials:
        counts[trial.status] = counts.get(trial.status, 0) + 1
    told = ", ".join(f"{n} {status}" for status, n in counts.items()) or "no trial has ended yet"
    best = sweep.ranked[:_TRIALS]
    titles = ["trial", sweep.metric, *sweep.parameters]
    head = tag("tr", *(tag("th", title, style=f"{_CELL};font-weight:600;opacity:.75") for title in titles))
    rows = [[str(t.number), readable(t.score), *(_text(t.values[name]) for name in sweep.parameters)] for t in best]
    body = [tag("tr", *(tag("td", cell, style=_CELL) for cell in cells)) for cells in rows]
    table = tag("table", head, *body, style="border-collapse:collapse;margin-top:6px;color:inherit") if rows else None
    return _box(sweep.name, "", tag("div", told), table)


def _box(name: str, state: str, *inside: Html | None) -> str:
    color = _STATES.get(state, _BAD)
    badge = f"border:1px solid {color};color:{color};border-radius:99px;padding:0 8px;margin-left:8px;font-size:11px"
    shown = tag("span", state, style=badge) if state else None
    head = tag("div", tag("b", name, style="font-size:14px"), shown, style="margin-bottom:4px")
    return tag("div", head, *inside, style=_BOX)


def _side_by_side(facts: Mapping[str, str], picture: Html | None) -> Html:
    rows = [
        tag("tr", tag("td", name, style=f"{_CELL};opacity:.75"), tag("td", value, style=_CELL))
        for name, value in facts.items()
    ]
    table = tag("table", *rows, style="border-collapse:collapse;color:inherit;margin:0") if rows else None
    return tag("div", table, picture, style="display:flex;gap:18px;align-items:flex-start;margin-bottom:4px")


def _curve(record: RunRecord) -> Html | None:
    """Training and validation loss as a little drawing."""
    both = {"train": (metric(record, "train_loss"), _TRAIN), "val": (metric(record, "val_loss"), _VAL)}
    drawn = [points for points, _ in both.values() if len(points) > 1]
    if not drawn:
        return None
    numbers = [y for points in drawn for _, y in points]
    log = min(numbers) > 0 and max(numbers) / min(numbers) > 20
    lines = [
        tag("polyline", points=_places(points, drawn, log=log), fill="none", stroke=color, stroke_width="1.8")
        for points, color in both.values()
        if len(points) > 1
    ]
    words = "train_loss and val_loss over the epochs" + (", logarithmic" if log else "")
    svg = tag("svg", *lines, width=str(_WIDTH), height=str(_HEIGHT), role="img", aria_label=words)
    name = {"train": "train_loss", "val": "val_loss"}
    keys = [tag("span", name[k], style=f"color:{c};margin-right:10px") for k, (p, c) in both.items() if len(p) > 1]
    return tag("div", svg, tag("div", *keys, style="font-size:11px"))


def _places(points: Points, drawn: Sequence[Points], *, log: bool) -> str:
    """The points of a line in pixels, all lines on the same axes."""
    scale = math.log if log else float
    xs = [x for line in drawn for x, _ in line]
    ys = [scale(y) for line in drawn for _, y in line]
    wide, high = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0
    at = [((x - min(xs)) / wide, (scale(y) - min(ys)) / high) for x, y in points]
    return " ".join(f"{2 + a * (_WIDTH - 4):.1f},{2 + (1 - b) * (_HEIGHT - 4):.1f}" for a, b in at)


def _text(value: Any) -> str:
    return readable(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
