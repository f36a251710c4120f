"""One run on a terminal: the verdict, its curve, its layers, notes on its data, and its findings with advice."""

from trainlab.report.curve import curve
from trainlab.report.findings import finding_lines, grouped
from trainlab.report.json_fields import texts
from trainlab.report.layers import layer_table
from trainlab.report.text import clean, wrapped
from trainlab.report.verdict import verdict
from trainlab.store.reading import RunRecord


def summary(record: RunRecord, *, width: int = 80, ascii_only: bool = False, color: bool = False) -> list[str]:
    """The lines of a run's summary: the verdict, the curve of its losses, its layers, what was guessed about its data
    or left out, its findings with advice.
    """
    columns = record.metrics
    lines = wrapped(clean(verdict(record), ascii_only=ascii_only), width)
    losses = {
        name: columns[name] for name in ("train_loss", "val_loss") if any(v is not None for v in columns.get(name, []))
    }
    epochs = columns.get("epoch", [])
    if losses and all(isinstance(e, int) for e in epochs):
        lines += ["", *curve(losses, epochs, width=width, ascii_only=ascii_only, losses=True)]
    if table := layer_table(record, width=width, ascii_only=ascii_only, color=color):
        lines += ["", *table]
    notes = [clean(f"data: {note}", ascii_only=ascii_only) for note in texts(record.data, "notes")]
    if notes:
        lines += ["", *(line for note in notes for line in wrapped(note, width, hanging="  "))]
    for group in grouped(record.findings):
        lines += ["", *finding_lines(group, width, ascii_only=ascii_only, color=color)]
    for remark in record.remarks:  # after all files have been read
        lines += ["", *wrapped(clean(remark[0].lower() + remark[1:], ascii_only=ascii_only), width)]
    return lines
