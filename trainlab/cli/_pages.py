"""Help pages on the terminal: the docstring and the settings of a class."""

import re
import shutil
from collections.abc import Iterable, Sequence

from trainlab.core.describe import Described, Page
from trainlab.report.text import wrapped
from trainlab.store.strict_json import dumps

_WIDEST = 100


def width() -> int:
    """The width for text: the terminal's, up to 100 columns."""
    return max(20, min(_WIDEST, shutil.get_terminal_size().columns - 1))


def listing(rows: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """Names with texts; the texts are in a column if there is room.

    >>> listing([("relu", "max(0, x)"), ("elu", "x or less")], 40)
    ['  relu  max(0, x)', '  elu   x or less']
    """
    widest = max((len(name) for name, _ in rows), default=0)
    if widest + 24 > columns:
        return [line for name, text in rows for line in (f"  {name}", *wrapped(text, columns, "      "))]
    lines: list[str] = []
    for name, text in rows:
        head, *more = wrapped(text, columns, " " * (widest + 4))
        lines += [f"  {name:<{widest}}  {head.strip()}".rstrip(), *more]
    return lines


def page(page: Page, columns: int) -> list[str]:
    """The whole page of a class."""
    lines = [f"{page.name} ({page.kind})", "", *flowing(page.text, columns)]
    if page.settings:
        lines += ["", "Settings", *settings(page.settings, columns, page.first)]
    return lines


def settings(described: Iterable[Described], columns: int, first: str = "") -> list[str]:
    """Each setting with its default, its type and its help."""
    lines: list[str] = []
    for s in described:
        value = s.default if isinstance(s.default, str) else dumps(s.default)
        head = s.name if s.required else f"{s.name}: {value or '(empty)'}"
        notes = [s.type, *(["required"] if s.required else []), *([f"`name: {s.name}`"] if s.name == first else [])]
        lines += wrapped(f"{head}   ({'; '.join(notes)})", columns, "  ", "      ")
        lines += wrapped(s.help, columns, "      ")
    return lines


def flowing(text: str, columns: int) -> list[str]:
    """A docstring's text wrapped to the width; indented lines (formulas) stay as they are."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        plain: list[str] = []
        for line in paragraph.split("\n"):
            if line.startswith(" ") or (plain and line.startswith(("Source:", "Shapes:", "- "))):
                lines += wrapped(" ".join(plain), columns) if plain else []
                plain.clear()
            if line.startswith(" "):
                lines.append(line)
            else:
                plain.append(line)
        lines += [*(wrapped(" ".join(plain), columns) if plain else []), ""]
    return lines[:-1]
