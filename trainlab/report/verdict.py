"""The verdict on a run in words: how it ended, its scores, its findings. The same text in every output."""

from trainlab.report.baselines import beside
from trainlab.report.findings import NO_PROBLEMS, FindingGroup, counts, grouped
from trainlab.report.rows import Row, row_of
from trainlab.report.text import duration, moment, number
from trainlab.store.reading import RunRecord

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


def verdict(record: RunRecord, row: Row | None = None) -> str:
    """How a run ended, its scores and its findings, in two to four sentences, as plain text.

    Names and reasons are as the run folder has them: callers must escape them. `row`: the run's row, if it is known.
    """
    row = row or row_of(record)
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
    best = {row.metric: row.best} if row.best is not None else {}
    if compared := beside(record.data, row.test, best):
        text += f" Baselines, {compared}."
    return text + _findings(row.status, grouped(record.findings))


def _findings(state: str, groups: list[FindingGroup]) -> str:
    if not groups:
        return f" {NO_PROBLEMS.capitalize()}." if state in ("finished", "diverged") else ""
    if len(groups) == 1:
        return f" Finding: {groups[0].code} ({groups[0].severity})."
    return f" Findings: {counts(groups)}; the first is {groups[0].code}."
