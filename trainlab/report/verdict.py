"""The verdict on a run in words: how it ended, what it reached, and what was found. The same in every output."""

from collections.abc import Sequence

from trainlab.report.found import Found, found
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
    """How a run ended, what it reached and what was found, in two to four sentences, as plain text.

    Names and reasons stand in it as the folder has them: whoever shows it escapes it. `row`: where it is known already.
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
    return text + _diagnosed(row.status, found(record.findings))


def counted(groups: Sequence[Found]) -> str:
    """How many kinds of findings of each severity there are: `1 error, 2 warnings`; nothing if there is none.

    >>> counted(found([{"code": "diverged", "severity": "error"}, {"code": "plateau", "severity": "info"}]))
    '1 error, 1 piece of advice'
    """
    names = {"error": ("error", "errors"), "warning": ("warning", "warnings")}
    told: list[str] = []
    for severity in dict.fromkeys(group.severity for group in groups):
        number = sum(group.severity == severity for group in groups)
        one, more = names.get(severity, ("piece of advice", "pieces of advice"))
        told.append(f"{number} {one if number == 1 else more}")
    return ", ".join(told)


def _diagnosed(state: str, groups: Sequence[Found]) -> str:
    if not groups:
        return " Nothing was diagnosed." if state in ("finished", "diverged") else ""
    first = groups[0]
    if len(groups) == 1:
        return f" Diagnosed: {first.code} ({first.severity})."
    return f" Diagnosed: {counted(groups)}; first of all {first.code}."
