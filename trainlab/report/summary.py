"""One run in words: how it ended, its curve, and what was diagnosed with what to do about it."""

from textwrap import wrap
from typing import Any, cast

from trainlab.core.dotted import flat
from trainlab.report.curve import curve
from trainlab.report.rows import Row, row_of
from trainlab.report.text import clean, duration, moment, number, styled
from trainlab.store.reading import RunRecord

_STYLES = {"error": "red", "warning": "yellow", "info": "blue"}
_ENDS = {
    "finished": "finished",
    "running": "is running",
    "interrupted": "was interrupted",
    "diverged": "diverged",
    "failed": "failed",
    "killed": "was killed",
    "half-written": "is half-written: it has no status",
    "unreadable": "is unreadable",
}


def summary(record: RunRecord, *, width: int = 80, ascii_only: bool = False, color: bool = False) -> list[str]:
    """The lines of a run's summary: a sentence, the curve of its losses, its diagnoses with their advice."""
    row = row_of(record)
    columns = record.metrics
    lines = _wrapped(clean(verdict(row, record), ascii_only=ascii_only), width)
    losses = {
        name: columns[name] for name in ("train_loss", "val_loss") if any(v is not None for v in columns.get(name, []))
    }
    epochs = columns.get("epoch", [])
    if losses and all(isinstance(e, int) for e in epochs):
        lines += ["", *curve(losses, epochs, width=width, ascii_only=ascii_only)]
    for finding in row.findings:
        lines += ["", *_finding(finding, width, ascii_only, color)]
    problem = record.problem  # only now: the files above have been read by now
    if problem:
        lines += ["", *_wrapped(clean(f"could not be read: {problem}", ascii_only=ascii_only), width)]
    return lines


def verdict(row: Row, record: RunRecord) -> str:
    """How a run ended and what it reached, in one to three sentences."""
    status = record.status
    text = f"{row.name} {_ENDS.get(row.status, row.status)}"
    if row.epoch is not None:
        of = f" of {row.epochs}" if row.epochs not in (None, row.epoch) else ""
        text += f" after {row.epoch}{of} epoch{'s' if row.epochs != 1 and (of or row.epoch != 1) else ''}"
    text += f" in {duration(row.seconds)}" if row.seconds is not None else ""
    text += f" (started {moment(row.started)})" if row.started else ""
    text += f": {status.reason}" if status and status.reason else ""
    text = text.removesuffix(".") + "."
    if row.best is not None:
        text += f" Best {row.metric} {number(row.best)}" + (
            f" in epoch {row.best_epoch}." if row.best_epoch is not None else "."
        )
    if row.test:
        text += " Test: " + ", ".join(f"{name} {number(value)}" for name, value in row.test.items()) + "."
    if row.status in ("finished", "diverged") and not row.findings:
        text += " Nothing was diagnosed."
    return text


def _finding(finding: dict[str, Any], width: int, ascii_only: bool, color: bool) -> list[str]:
    severity, code = str(finding.get("severity", "")), str(finding.get("code", "?"))
    place = f"epoch {finding['epoch']}" if isinstance(finding.get("epoch"), int) else ""
    place += f", step {finding['step']}" if isinstance(finding.get("step"), int) else ""
    head = clean(f"{severity} {code}" + (f" ({place})" if place else ""), ascii_only=ascii_only)
    told = [
        str(finding.get("message", "")),
        *_list("because of ", finding.get("because")),
        str(finding.get("advice", "")),
    ]
    told += [f"try {_patch(p)}" for p in _items(finding.get("patches"))]
    body = [line for text in told if text for line in _wrapped(clean(text, ascii_only=ascii_only), width, "  ")]
    return [styled(head, _STYLES.get(severity, "bold"), color), *body]


def _patch(patch: Any) -> str:
    """A patch as it is typed behind `trainlab train CONFIG`."""
    from trainlab.report.compare import shown

    if not isinstance(patch, dict):
        return str(patch)
    return " ".join(f"{key}={shown(value)}" for key, value in flat(cast("dict[str, Any]", patch)).items())


def _items(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _list(before: str, value: Any) -> list[str]:
    items = _items(value)
    return [before + ", ".join(map(str, items))] if items else []


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(text, max(width, 12), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
