"""A report in GitHub's Markdown, for a pull request or a job summary.

Texts of users are in code spans or escaped: they make no markup, links, mentions or references.
"""

import re
from collections.abc import Mapping, Sequence

from trainlab.core.problem import visible
from trainlab.report.compare import shown
from trainlab.report.findings import FindingGroup, folded, grouped, told
from trainlab.report.grid import Column
from trainlab.report.groups import Group
from trainlab.report.json_fields import texts
from trainlab.report.layers import columns, layers_of
from trainlab.report.requirements import Check
from trainlab.report.rows import Row, main_test
from trainlab.report.table import diagnoses
from trainlab.report.text import duration, moment, number
from trainlab.report.verdict import verdict
from trainlab.store.reading import RunRecord

_SPECIAL = re.compile(r"([\\`*\[\]<>~&$#]|(?<!\w)_|_(?!\w)|:(?=\w+:)|^[-+=])")
_ACTIVE = re.compile(r"(?<=[@#])(?=\w)|(?<=:/)(?=/)|(?<=www)(?=\.)", re.IGNORECASE)  # mentions, references, addresses
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_PARTED = "<!-- -->"  # shows nothing, and parts what would be a mention
_MOST = 50  # runs whose findings are shown


def run_markdown(record: RunRecord, row: Row) -> str:
    """One run: the verdict, its numbers, its diagnoses with what to try, notes on its data, and its layers."""
    lines = [f"### trainlab: {code(row.name)}", "", prose(verdict(record, row)), "", *_numbers(record, row)]
    groups = grouped(record.findings)
    if groups:
        lines += ["", "#### Findings", "", *_findings(groups)]
    notes = texts(record.data, "notes")
    if notes:
        lines += ["", "#### Data", "", *(f"- {prose(note)}" for note in notes)]
    layers = layers_of(record)
    if layers:
        body = ["", *_table(columns(layers)), ""]
        lines += ["", "<details><summary>Layers</summary>", *body, "</details>"]
    for remark in record.remarks:
        lines += ["", prose(remark)]
    return "\n".join([*lines, ""])


def runs_markdown(records: Sequence[RunRecord], rows: Sequence[Row], extra: Mapping[str, Sequence[str]]) -> str:
    """Many runs: a table of them, `extra` columns by title next to the scores, and below it the findings."""
    cells = [
        Column("run", [code(row.name) for row in rows], right=False),
        Column("status", [prose(row.status) for row in rows], right=False),
        Column("epochs", ["" if row.epoch is None else str(row.epoch) for row in rows]),
        Column("best", [f"{code(row.metric)} {number(row.best)}" if row.best is not None else "" for row in rows]),
        Column("test", [_test(row) for row in rows]),
        Column("time", ["" if row.seconds is None else duration(row.seconds) for row in rows]),
        *(Column(code(title), [code(value) for value in values]) for title, values in extra.items()),
        Column("findings", [prose(diagnoses(row)) for row in rows], right=False),
    ]
    lines = _raw_table([column for column in cells if any(column.cells)])
    with_findings = [(record, row) for record, row in zip(records, rows, strict=True) if row.findings]
    for record, row in with_findings[:_MOST]:
        lines += ["", f"#### {code(row.name)}", "", *_findings(grouped(record.findings))]
        record.forget()
    if len(with_findings) > _MOST:
        lines += ["", f"{len(with_findings) - _MOST} more runs have findings."]
    return "\n".join([*lines, ""])


def groups_markdown(groups: Sequence[Group]) -> str:
    """Groups of runs as a table, the mean with half its 95 % interval."""
    keys = list(groups[0].values) if groups else []
    cells = [
        *(Column(code(key), [code(shown(group.values[key])) for group in groups], right=False) for key in keys),
        Column("runs", [str(len(group.rows)) for group in groups]),
        Column("best", [f"{code(group.metric)} {group.best.text()}" if group.best else "" for group in groups]),
        Column("test", [f"{code(group.test_metric)} {group.test.text()}" if group.test else "" for group in groups]),
        Column("findings", [prose(", ".join(f"{c} in {n}" for c, n in g.codes.items())) for g in groups], right=False),
    ]
    return "\n".join([*_raw_table([column for column in cells if any(column.cells)]), ""])


def checks_markdown(checks: Sequence[Check]) -> str:
    """Requirements as a table, those that were missed first."""
    ordered = sorted(checks, key=lambda check: check.passed)
    cells = [
        Column("", ["passed" if check.passed else "**failed**" for check in ordered], right=False),
        Column("run", [code(check.run) for check in ordered], right=False),
        Column("requirement", [prose(check.message) for check in ordered], right=False),
    ]
    return "\n".join([*_raw_table(cells), ""])


def prose(text: str) -> str:
    r"""The text as text: nothing in it is markup, a link, a mention or a reference.

    >>> prose("<b> *x* a|b")
    '\\<b\\> \\*x\\* a&#124;b'
    """
    parts = [_SPECIAL.sub(r"\\\1", part) for part in _ACTIVE.split(_one_line(text))]
    return _NUMBERED.sub(r"\1\\\2", _PARTED.join(parts)).replace("|", "&#124;")


def code(text: str) -> str:
    """The text in a code span that is valid in a table cell, too; empty for an empty text.

    >>> code("a`b"), code("x|y")
    ('``a`b``', '<code>x&#124;y</code>')
    """
    text = _one_line(text)
    if not text:
        return ""
    if "|" in text:  # the end of a cell, in a code span too
        return f"<code>{''.join(c if c.isalnum() or c == ' ' else f'&#{ord(c)};' for c in text)}</code>"
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") or text != text.strip() else ""
    return f"{fence}{space}{text}{space}{fence}"


def _one_line(text: str) -> str:
    return visible(" ".join(text.split("\n")))


def _numbers(record: RunRecord, row: Row) -> list[str]:
    """The numbers of a run as a table of two columns."""
    test = [(f"test {name}", number(value)) for name, value in row.test.items()]
    pairs = [
        ("status", row.status),
        (f"best {row.metric}", "" if row.best is None else f"{number(row.best)} (epoch {row.best_epoch})"),
        (f"last {row.metric}", number(row.last)),
        *test,
        ("epochs", "" if row.epoch is None else f"{row.epoch}" + (f" of {row.epochs}" if row.epochs else "")),
        ("time", "" if row.seconds is None else duration(row.seconds)),
        ("started", moment(row.started) if row.started else ""),
        ("command", str(record.environment.get("command") or "")),
    ]
    kept = [(name, value) for name, value in pairs if value]
    values = [code(value) if name == "command" else prose(value) for name, value in kept]
    return _raw_table([Column("", [prose(name) for name, _ in kept], right=False), Column("", values, right=False)])


def _findings(groups: Sequence[FindingGroup]) -> list[str]:
    first, others = told(groups)
    return [*(line for group in first for line in _finding(group)), *(f"- {prose(text)}" for text in folded(others))]


def _finding(group: FindingGroup) -> list[str]:
    lines = [f"- **{prose(group.severity)}** {code(group.code)}" + (f" ({prose(group.place)})" if group.place else "")]
    lines[0] += prose(group.sure)
    lines[0] += f": {prose(group.message)}" if group.message else ""
    if len(group.layers) > 1:
        lines.append(f"  - in {', '.join(map(code, group.layers))}")
    if group.because:
        lines.append(f"  - because of {', '.join(map(code, group.because))}")
    if group.advice:
        lines.append(f"  - {prose(group.advice)}")
    return [*lines, *(f"  - try {code(patch)}" for patch in group.patches)]


def _test(row: Row) -> str:
    name = main_test(row)
    return f"{code(name)} {number(row.test[name])}" if name else ""


def _table(cells: Sequence[Column]) -> list[str]:
    """Columns of plain text as a table, those without anything in it left out."""
    shown = [column for column in cells if any(column.cells)]
    return _raw_table([Column(prose(c.title), [prose(cell) for cell in c.cells], right=c.right) for c in shown])


def _raw_table(cells: Sequence[Column]) -> list[str]:
    """Columns of Markdown as a table."""
    rows = zip(*(column.cells for column in cells), strict=True)
    line = "|".join("---:" if column.right else "---" for column in cells)
    return [
        _line([column.title for column in cells]),
        f"|{line}|",
        *(_line(row) for row in rows),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
