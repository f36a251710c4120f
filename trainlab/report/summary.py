"""One run in a terminal: the verdict, its curve, its layers, and what was diagnosed with what to do about it."""

from textwrap import wrap

from trainlab.report.curve import curve
from trainlab.report.found import Found, found
from trainlab.report.layers import layer_table
from trainlab.report.text import clean, styled
from trainlab.report.verdict import verdict
from trainlab.store.reading import RunRecord

_STYLES = {"error": "red", "warning": "yellow", "info": "blue"}


def summary(record: RunRecord, *, width: int = 80, ascii_only: bool = False, color: bool = False) -> list[str]:
    """The lines of a run's summary: the verdict, the curve of its losses, its layers, its diagnoses with advice."""
    columns = record.metrics
    lines = _wrapped(clean(verdict(record), ascii_only=ascii_only), width)
    losses = {
        name: columns[name] for name in ("train_loss", "val_loss") if any(v is not None for v in columns.get(name, []))
    }
    epochs = columns.get("epoch", [])
    if losses and all(isinstance(e, int) for e in epochs):
        lines += ["", *curve(losses, epochs, width=width, ascii_only=ascii_only)]
    if table := layer_table(record, width=width, ascii_only=ascii_only, color=color):
        lines += ["", *table]
    for group in found(record.findings):
        lines += ["", *_finding(group, width, ascii_only, color)]
    problem = record.problem  # only now: the files above have been read by now
    if problem:
        lines += ["", *_wrapped(clean(f"could not be read: {problem}", ascii_only=ascii_only), width)]
    return lines


def _finding(group: Found, width: int, ascii_only: bool, color: bool) -> list[str]:
    head = clean(f"{group.severity} {group.code}" + (f" ({group.place})" if group.place else ""), ascii_only=ascii_only)
    told = [
        group.message,
        f"in {', '.join(group.layers)}" if len(group.layers) > 1 else "",
        f"because of {', '.join(group.because)}" if group.because else "",
        group.advice,
        *(f"try {patch}" for patch in group.patches),
    ]
    body = [line for text in told if text for line in _wrapped(clean(text, ascii_only=ascii_only), width, "  ")]
    return [*(styled(line, _STYLES.get(group.severity, "bold"), color) for line in _wrapped(head, width)), *body]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(text, max(width, 12), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
