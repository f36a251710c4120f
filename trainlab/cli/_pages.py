"""Pages of help on the terminal: a class's docstring and settings, laid out for its width."""

import re
import shutil
import textwrap
from collections.abc import Iterable, Sequence

from trainlab.core.describe import Described, Page
from trainlab.store.strict_json import dumps

_WIDEST = 100


def width() -> int:
    """How wide text may be here: the terminal's width, up to what reads well."""
    return max(20, min(_WIDEST, shutil.get_terminal_size().columns - 1))


def listing(rows: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """Names with a text each, the texts in one column where there is room for one.

    >>> listing([("relu", "max(0, x)"), ("elu", "x or less")], 40)
    ['  relu  max(0, x)', '  elu   x or less']
    """
    widest = max((len(name) for name, _ in rows), default=0)
    if widest + 24 > columns:
        return [line for name, text in rows for line in (f"  {name}", *_wrapped(text, columns, "      "))]
    lines: list[str] = []
    for name, text in rows:
        head, *more = _wrapped(text, columns, " " * (widest + 4)) or [""]
        lines += [f"  {name:<{widest}}  {head.strip()}".rstrip(), *more]
    return lines


def page(page: Page, columns: int) -> list[str]:
    """All that a class says of itself."""
    lines = [f"{page.name} ({page.kind})", "", *flowing(page.text, columns)]
    if page.settings:
        lines += ["", "Settings", *settings(page.settings, columns, page.first)]
    return lines


def settings(described: Iterable[Described], columns: int, first: str = "") -> list[str]:
    """Each setting with its default, what it may be, and its help."""
    lines: list[str] = []
    for s in described:
        value = s.default if isinstance(s.default, str) else dumps(s.default)
        head = s.name if s.required else f"{s.name}: {value or '(empty)'}"
        notes = [s.type, *(["required"] if s.required else []), *([f"`name: {s.name}`"] if s.name == first else [])]
        lines += _wrapped(f"{head}   ({'; '.join(notes)})", columns, "  ", hanging="      ")
        lines += _wrapped(s.help, columns, "      ")
    return lines


def flowing(text: str, columns: int) -> list[str]:
    """A docstring's text refilled to the width; what is indented there (formulas) keeps its lines."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        plain: list[str] = []
        for line in paragraph.split("\n"):
            if line.startswith(" ") or (plain and line.startswith(("Source:", "Shapes:", "- "))):
                lines += _wrapped(" ".join(plain), columns, "")
                plain.clear()
            if line.startswith(" "):
                lines.append(line)
            else:
                plain.append(line)
        lines += [*_wrapped(" ".join(plain), columns, ""), ""]
    return lines[:-1]


def folded(text: str, columns: int | None) -> str:
    """The text with its long lines folded between words, the rest of a line indented by two more; but not `next: ...`,
    which is there to be copied. As it is where nobody knows how wide it may be.

    >>> print(folded("  advice: lower the rate", 16))
      advice: lower
        the rate
    """
    if columns is None:
        return text
    lines: list[str] = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        fits = len(line) <= columns or line.startswith("next: ")
        lines += [line] if fits else _wrapped(line.strip(), columns, indent, hanging=indent + "  ")
    return "\n".join(lines)


def _wrapped(text: str, columns: int, indent: str, *, hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
    )
