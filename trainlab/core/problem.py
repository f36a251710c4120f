"""A problem of a config: where it is, what was found, what is allowed, and the nearest valid spelling.

It is printed as `file:line:column: path: message` above the quoted line with a caret under the whole token. Whatever a
user wrote is shown with its control characters made visible: nothing of it reaches a terminal as a command.
"""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.node import Span

_WIDTH = 100  # of a quoted line where no terminal is; longer ones are clipped around the caret
_TAB = 4
_INITIALS = 2  # letters with which many names begin
_SHOWN = 200  # problems in the text of an error


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: line and column count from 1 and are None where there is no text."""

    file: str
    line: int | None
    column: int | None
    path: str
    message: str
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    quoted: str = ""
    width: int = 1

    @classmethod
    def at(
        cls, span: Span, path: str, message: str, *, allowed: Iterable[str] = (), nearest: str | None = None
    ) -> "Problem":
        """The problem at `span`."""
        line, column = (span.line, span.column) if span.line else (None, None)
        return cls(
            span.source.name, line, column, path, message, tuple(allowed), nearest, span.quoted, max(span.width, 1)
        )

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = _WIDTH) -> str:
        """The message, and the quoted line in `width` columns with its caret."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        head = visible(": ".join(part for part in (place, self.path, self.message) if part))
        if not self.line or not self.column or not self.quoted.strip():
            return head
        text, caret = _pointed(self.quoted, self.column - 1, self.width, width)
        return f"{head}\n{self.line:>5} | {text}\n      | {caret}".rstrip()

    def as_dict(self) -> dict[str, Any]:
        """The JSON form: file, line, column, end_column, path, message, allowed, nearest."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_column": self.column and self.column + self.width,
            "path": self.path,
            "message": self.message,
            "allowed": list(self.allowed),
            "nearest": self.nearest,
        }


class ConfigError(UserError):
    """A config that cannot be used, with all its problems; the text shows them and ends with their number.

    Of more than 200 problems, which nobody reads, the text shows the first ones.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__(self.text())

    def text(self, width: int = _WIDTH) -> str:
        """All problems, with quoted lines of `width` columns."""
        count = len(self.problems)
        more = [f"and {count - _SHOWN} more"] if count > _SHOWN else []
        shown = [problem.text(width) for problem in self.problems[:_SHOWN]]
        return "\n".join([*shown, *more, f"{count} problem{'s'[: count != 1]}"])


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems by place, file after file in the order of their first appearance; each only once.

    Where the text itself is wrong (a problem without a path) other problems of the same place are left out.
    """
    unique = list(dict.fromkeys(problems))
    text = {(p.file, p.line, p.column) for p in unique if p.line and not p.path}
    kept = [p for p in unique if not p.path or (p.file, p.line, p.column) not in text]
    files = list(dict.fromkeys(p.file for p in kept))
    return tuple(sorted(kept, key=lambda p: (files.index(p.file), p.line or 0, p.column or 0)))


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that was probably meant: of the same letters, of similar spelling, of the same beginning, or the
    only one that contains all words.

    >>> nearest("Adamm", ["sgd", "adam"]), nearest("pool", ["max_pool", "dense"]), nearest("x", ["sgd", "adam"])
    ('adam', 'max_pool', None)
    >>> nearest("adma", ["adamax", "adam"]), nearest("cos", ["flat_cos", "cosine_restarts", "cosine"])
    ('adam', 'cosine')
    """
    folded = _folded(name)
    options = {_folded(option): option for option in allowed}
    if swapped := [option for option in options if sorted(option) == sorted(folded)]:
        return options[swapped[0]]
    if close := difflib.get_close_matches(folded, options, n=1, cutoff=0.7):
        return options[close[0]]
    if len(folded) > _INITIALS and (longer := sorted((o for o in options if o.startswith(folded)), key=len)):
        return options[longer[0]]
    words = set(folded.split("_"))
    same = [option for option in options if words <= set(option.split("_"))]
    return options[same[0]] if len(same) == 1 else None


def listed(options: Sequence[str], last: str = "or") -> str:
    """Options in a sentence.

    >>> listed(["`a`", "`b`", "`c`"])
    '`a`, `b` or `c`'
    """
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} {last} {options[-1]}" if options else ""


def visible(text: str) -> str:
    r"""The text with control characters and invisible characters written as escapes.

    >>> visible("\x1b[2J")
    '\\x1b[2J'
    """
    return "".join(map(_shown, text))


def clipped(text: str, width: int = 60) -> str:
    """The text, with its middle left out if it is longer than `width`."""
    half = (width - 1) // 2
    return text if len(text) <= width else f"{text[:half]}…{text[-half:]}"


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _shown(char: str) -> str:
    if char == "\n" or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char


def _cells(char: str) -> int:
    """The number of terminal columns of a visible character."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _pointed(line: str, start: int, width: int, room: int) -> tuple[str, str]:
    """The line as a terminal can show it in `room` columns, and the carets under its characters from `start` on."""
    low, high = max(0, start - room), start + 2 * room  # of a long line no more is ever shown
    cut, line, start = high < len(line), line[low:high], start - low
    shown = [" " * _TAB if char == "\t" else _shown(char) for char in line]
    cells = [sum(map(_cells, text)) for text in shown]
    end = max(min(start + width, len(line)), start + 1)
    first, last = _window(cells, start, end, room)
    left, right = "…" * (first > 0 or low > 0), "…" * (last < len(line) or cut)
    before = len(left) + sum(cells[first:start])
    carets = max(sum(cells[start : min(end, last)]), 1)
    return left + "".join(shown[first:last]) + right, " " * before + "^" * carets


def _window(cells: list[int], start: int, end: int, room: int) -> tuple[int, int]:
    """Which characters of a long line to show in `room` columns: some before `start`, then as many as fit."""
    if sum(cells) <= room:
        return 0, len(cells)
    first = start
    left = max((room - sum(cells[start:end])) // 2, room // 4)
    while first > 0 and (left := left - cells[first - 1]) >= 0:
        first -= 1
    last, left = first, room
    while last < len(cells) and (left := left - cells[last]) >= 0:
        last += 1
    return first, last
