"""Delimited text as records: which sign separates the cells, where the header stands, and what breaks the pattern."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.integrations.logs.cells import is_missing, number_of
from trainlab.integrations.logs.names import meaning

_DELIMITERS = ("\t", ";", ",", "|", " ", "  ")  # the last: two spaces or more
_COMMENTS = ("#", "%", "//")
_RULE = re.compile(r"[\s|+:=\-\u2500-\u257f]*")  # a line of a drawn table
_BARS = str.maketrans(dict.fromkeys("│┃║", "|"))
_SAMPLE = 400  # lines that decide on the delimiter
_SHOWN = 3  # odd lines that are told
Row = tuple[int, list[str]]  # number of the line, cells


@dataclass(frozen=True, slots=True)
class Grid:
    """Text cut into cells: the rows below a header of names. odd: lines that did not fit."""

    delimiter: str
    header: list[str]
    records: list[dict[str, Any]]
    odd: list[int]
    headed: bool

    @property
    def numeric(self) -> float:
        """The share of the cells that are numbers or blank."""
        cells = [c for record in self.records[:_SAMPLE] for c in record.values()]
        return sum(number_of(c, comma=True) is not None or is_missing(c) for c in cells) / max(1, len(cells))

    @property
    def notes(self) -> list[str]:
        """What was left out."""
        few = ", ".join(map(str, self.odd[:_SHOWN])) + (", ..." if len(self.odd) > _SHOWN else "")
        one = len(self.odd) == 1
        return [
            f"line{'' if one else 's'} {few} left out: {'it has' if one else 'they have'} another number of cells"
        ] * (len(self.odd) > 0)


def grid_of(text: str) -> Grid | None:
    """The text as a grid; None if it is no table of numbers."""
    numbered = [(i, line) for i, line in enumerate(text.translate(_BARS).splitlines(), 1) if line.strip()]
    body = [(i, line) for i, line in numbered if not line.lstrip().startswith(_COMMENTS) and not _RULE.fullmatch(line)]
    if not body:
        return None
    comments = [
        line.strip().lstrip("#%/ ") for i, line in numbered if i <= body[-1][0] and line.lstrip().startswith("#")
    ]
    scored = [(score, d, rows) for d in _DELIMITERS if (score := _score(rows := _cut(body[:_SAMPLE], d))) > 0.0]
    if not scored:
        return None
    _, delimiter, _ = max(scored, key=lambda s: s[0])
    return _grid(delimiter, _cut(body, delimiter), comments)


def _cut(lines: Sequence[tuple[int, str]], delimiter: str) -> list[Row]:
    """The cells of every line."""
    if delimiter == " ":
        return [(i, line.split()) for i, line in lines]
    if delimiter == "  ":
        return [(i, re.split(r"\s{2,}", line.strip())) for i, line in lines]
    if delimiter == "|":
        return [(i, [c.strip() for c in line.strip().strip("|").split("|")]) for i, line in lines]
    made: list[Row] = []
    for i, line in lines:
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter=delimiter, skipinitialspace=True), list[str]())
        except csv.Error:  # a cell of more than 128 KiB
            continue
        made.append((i, [c.strip() for c in cells]))
    return made


def _score(rows: Sequence[Row]) -> float:
    """How much like a table of numbers this is: share of the lines of the commonest width, times that of numbers."""
    if not rows:
        return 0.0
    widths = Counter(len(cells) for _, cells in rows)
    width = widths.most_common(1)[0][0]
    heads = [len(cells) for _, cells in rows if len(cells) > 1 and _is_header(cells) and any(map(meaning, cells))]
    lines = sum(widths[w] for w in {width, *(w for w in heads if widths[w] > heads.count(w))})
    alike = [cells for _, cells in rows if len(cells) == width]
    numbers = [[number_of(c, comma=True) is not None or is_missing(c) for c in cells] for cells in alike]
    body = numbers[1:] or numbers
    numeric = max(sum(row[i] for row in body) for i in range(width)) / len(body)
    blank = sum(all(is_missing(c) for c in column) for column in zip(*alike[1:], strict=True)) / width if width else 0
    if lines < 0.6 * len(rows) or numeric < 0.7 or blank == 1.0:
        return 0.0
    share = sum(map(sum, body)) / (len(body) * width)
    return lines / len(rows) * (0.5 + share) * (1.0 if width > 1 else 0.3)


def _grid(delimiter: str, rows: Sequence[Row], comments: Sequence[str]) -> Grid:
    """The rows below their header; a header within the text holds from there on."""
    width = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    header: list[str] | None = None
    first_header: list[str] = []
    records: list[dict[str, Any]] = []
    odd: list[int] = []
    for place, (number, cells) in enumerate(rows):
        if _is_header(cells):
            following = rows[place + 1][1] if place + 1 < len(rows) else []
            known = any(meaning(c) for c in cells)
            if header is None or known or len(following) == len(cells):
                if cells != header:
                    header = _unique(cells, following)
                    first_header = first_header or header
                continue
        if header is None:
            if len(cells) != width:
                continue  # lines above the table
            numbered = [f"column {i + 1}" for i in range(width)]
            header = first_header = _from_comments(comments, width, delimiter) or numbered
        row = cells
        while len(row) > len(header) and not row[-1]:
            row = row[:-1]
        if len(row) != len(header):
            if place + 1 < len(rows):  # the last line may be half written
                odd.append(number)
            continue
        records.append(dict(zip(header, row, strict=True)))
    headed = bool(first_header) and not first_header[0].startswith("column ")
    return Grid(delimiter, first_header, records, odd, headed)


def _is_header(cells: Sequence[str]) -> bool:
    """Whether these are names: texts, none a number. pandas calls the only column of a Series `0`."""
    filled = [c for c in cells if c]
    if not filled or any(number_of(c) is not None for c in filled):
        return list(cells) == ["", "0"]
    return not all(is_missing(c) for c in filled) and any(re.search(r"[^\W\d_]", c) for c in filled)


def _unique(cells: Sequence[str], following: Sequence[str]) -> list[str]:
    """The names; a blank one in front if the rows are one longer (R's row names), numbers behind doubles."""
    names = ["", *cells] if len(following) == len(cells) + 1 and following[-1] else list(cells)
    while len(names) > 1 and not names[-1]:
        names.pop()
    seen: Counter[str] = Counter()
    made: list[str] = []
    for name in names:
        seen[name] += 1
        made.append(name if seen[name] == 1 else f"{name}.{seen[name] - 1}")
    return made


def _from_comments(comments: Sequence[str], width: int, delimiter: str) -> list[str] | None:
    """The header in a comment: the one with as many words as there are cells."""
    for text in comments:
        for words in (_cut([(0, text)], delimiter)[0][1], text.replace(",", " ").split()):
            if len(words) == width and _is_header(words):
                return _unique(words, [])
    return None
