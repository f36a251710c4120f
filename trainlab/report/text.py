"""Text for a terminal: its width, wrapping, cutting and padding, colors, numbers and times."""

import re
import unicodedata
from datetime import datetime
from textwrap import wrap

from trainlab.core.problem import visible

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34"}
_SEVERITY_COLORS = {"ok": "green", "info": "blue", "warning": "yellow", "error": "red"}
_NARROWEST = 12  # columns: a line of text is never wrapped to less
_NEXT = "; next: "
_AS_IT_IS = re.compile(r"next: | *try | *\d* \| ")  # starts of lines that users copy, and of quoted lines of a config


def clean(text: str, *, ascii_only: bool = False) -> str:
    r"""The text with control characters made visible, and, for an ASCII terminal, all others than ASCII too.

    >>> clean("a\x1b[2J"), clean("größe", ascii_only=True)
    ('a\\x1b[2J', 'gr\\xf6\\xdfe')
    """
    shown = text if text.isascii() and text.isprintable() else visible(text)
    return shown.encode("ascii", "backslashreplace").decode() if ascii_only else shown


def width_of(text: str) -> int:
    """The number of terminal columns that a text fills."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def fit(text: str, width: int, *, right: bool = False, ascii_only: bool = False, keep_end: bool = False) -> str:
    """The text cut (with an ellipsis, at its end or, to keep that, at its beginning) or padded to exactly this width.

    >>> fit("overfitting", 6), fit("ab", 4, right=True), fit("digits-sweep-1/trials/0002", 12, keep_end=True)
    ('overf…', '  ab', '…trials/0002')
    """
    if width_of(text) > width:
        dots = "..." if ascii_only and width > 3 else "" if ascii_only else "…"
        while text and width_of(text) > width - len(dots):
            text = text[1:] if keep_end else text[:-1]
        text = dots + text if keep_end else text + dots
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def styled(text: str, style: str, color: bool) -> str:
    """The text in a style, if `color` is on."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if color and style else text


def severity_color(severity: str) -> str:
    """The style of a severity, for `styled`."""
    return _SEVERITY_COLORS.get(severity, "bold")


def wrapped(text: str, width: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """The text in lines of this width. `hanging`: the indent of the lines after the first, by default `indent`.

    A word that is longer than a line stays whole: a path or a setting that users copy.

    >>> wrapped("lower the learning rate", 14, "  ")
    ['  lower the', '  learning', '  rate']
    """
    more = indent if hanging is None else hanging
    width = max(width, _NARROWEST)
    lines = wrap(
        text, width, initial_indent=indent, subsequent_indent=more, break_on_hyphens=False, break_long_words=False
    )
    return lines or [""]


def folded(text: str, width: int | None) -> str:
    """The text with its long lines wrapped and indented by two more. Unchanged where the width is unknown (None).

    Lines that users copy (`next: ...`, `try ...`) and quoted lines of a config stay as they are. `; next: ...` at the
    end of a line that is too long gets a line of its own.

    >>> print(folded("  advice: lower the rate", 16))
      advice: lower
        the rate
    """
    if width is None:
        return text
    lines: list[str] = []
    parts = [line.replace(_NEXT, "\nnext: ") if width_of(line) > width else line for line in text.split("\n")]
    for line in "\n".join(parts).split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        fits = width_of(line) <= width or _AS_IT_IS.match(line)
        lines += [line] if fits else wrapped(line.strip(), width, indent, indent + "  ")
    return "\n".join(lines)


def counted(number: int, what: str) -> str:
    """A number with its noun.

    >>> counted(1, "epoch"), counted(3, "epoch")
    ('1 epoch', '3 epochs')
    """
    return f"{number} {what}{'s' * (number != 1)}"


def number(value: float | None) -> str:
    """A number to four digits, empty for None.

    >>> number(0.97222), number(12.0), number(1.5e-7), number(float("nan"))
    ('0.9722', '12', '1.5e-07', 'nan')
    """
    return "" if value is None else f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time span as people write it.

    >>> duration(0.5), duration(75), duration(4000), duration(200_000)
    ('0.5 s', '1 min 15 s', '1 h 06 min', '2 d 07 h')
    """
    if not seconds < 59.95:
        whole = round(seconds) if seconds < 1e12 else 0
        minutes, hours, days = whole // 60, whole // 3600, whole // 86400
        if days:
            return f"{days} d {hours % 24:02d} h"
        return f"{hours} h {minutes % 60:02d} min" if hours else f"{minutes} min {whole % 60:02d} s"
    return f"{seconds:.1f} s"


def moment(iso: str) -> str:
    """A time in ISO 8601 as people write it, in its own zone.

    >>> moment("2026-11-21T14:03:09.120+01:00")
    '2026-11-21 14:03'
    """
    return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M")
