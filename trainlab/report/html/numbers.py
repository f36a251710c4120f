"""Tables of a page: cells as people read them, and a whole table that scrolls by itself where it is wide."""

from collections.abc import Sequence
from typing import Any

from trainlab.report.html.tags import Html, tag
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Table


def table(titles: Sequence[str], rows: Sequence[Sequence[Any]], *, caption: str = "", class_: str = "") -> Html:
    """A table in a box of its own that scrolls. A cell is `Html`, a text, a number, or None for nothing."""
    head = tag("tr", *(tag("th", title, scope="col") for title in titles))
    body = [tag("tr", *cells(row)) for row in rows]
    caption_tag = tag("caption", caption, class_="hidden") if caption else None
    inside = tag("table", caption_tag, tag("thead", head), tag("tbody", *body), class_=class_ or None)
    return tag("div", inside, class_="scroll", tabindex="0", role="region", aria_label=caption or "table")


def cells(row: Sequence[Any]) -> list[Html]:
    """The cells of a row."""
    return [_cell(cell) for cell in row]


def numbers(behind: Table, title: str) -> Html:
    """The numbers of a picture, folded."""
    inside = table(behind.titles, behind.rows, caption=f"{title}: the numbers")
    return tag("details", tag("summary", "The numbers"), inside)


def _cell(cell: Any) -> Html:
    if isinstance(cell, Html):
        return tag("td", cell)
    if isinstance(cell, bool) or cell is None or isinstance(cell, str):
        return tag("td", "" if cell is None else str(cell))
    return tag("td", readable(cell), class_="number")
