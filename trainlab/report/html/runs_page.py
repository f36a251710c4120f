"""The page of many runs: their curves together, the settings that differ and the scores."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from trainlab.report.compare import differing, short_names, shown
from trainlab.report.groups import Group
from trainlab.report.html.page import Page
from trainlab.report.html.tags import Html, join, tag
from trainlab.report.pictures import gallery
from trainlab.report.pictures._kit import drawing
from trainlab.report.pictures.groups import groups_of, names
from trainlab.report.pictures.numbers import readable
from trainlab.report.rows import Row, main_test, row_of
from trainlab.report.table import diagnoses
from trainlab.report.text import duration
from trainlab.store.reading import RunRecord

_KEYS = 12  # settings that get a column
_DRAWN, _LISTED = 200, 2000  # runs: more would be unreadable, or too slow for a browser
Link = Callable[[RunRecord], str]


@drawing()
def runs_page(
    records: Sequence[RunRecord],
    *,
    metric: str = "",
    group_by: Sequence[str] = (),
    title: str = "Runs compared",
    link: Link | None = None,
    script: str = "",
    connect: bool = False,
    note: str = "",
) -> str:
    """Runs as one page, in the order given. metric: what they are compared by, else what they watched.

    group_by: keys whose values make a group, `config` for all but the seed; without, runs that differ in their seed
    alone are grouped · `link`: the address of a run's own page · `script`, `connect`: see `Page.html` · note: is said
    below the title.
    Raises UserError if no run has a key of `group_by`.
    """
    page = Page(title)
    rows = [row_of(record, "" if metric.startswith("test") else metric) for record in records]
    best = _best(records, rows)
    pictures = gallery.of_runs(records[:_DRAWN], metric, group_by) if records else []
    curves = [picture for picture in pictures if picture.name != "groups"]
    groups = [picture for picture in pictures if picture.name == "groups"]
    page.section("curves", "Curves", _left_out(len(records), _DRAWN, "drawn"), page.figures(curves))
    page.section(
        "table",
        "Settings that differ, and scores",
        _left_out(len(rows), _LISTED, "listed"),
        _table(records[:_LISTED], rows[:_LISTED], best, link),
    )
    page.section("groups", "Groups", page.figures(groups), _groups(groups_of(records, metric, group_by)))
    head = join(_head(title, rows, best), tag("p", note, class_="card") if note else None)
    return page.html(head, script=script, connect=connect)


def _head(title: str, rows: Sequence[Row], best: int | None) -> Html:
    text = f"{len(rows)} runs"
    states = {state: sum(row.status == state for row in rows) for state in dict.fromkeys(row.status for row in rows)}
    text += " (" + ", ".join(f"{n} {state}" for state, n in states.items()) + ")." if rows else "."
    if best is not None:
        text += f" The best {rows[best].metric} is {readable(rows[best].best)}, by {rows[best].name}."
    flagged = sum(any(f.get("severity") in ("warning", "error") for f in row.findings) for row in rows)
    text += f" {flagged} {'has' if flagged == 1 else 'have'} a warning or an error." if flagged else ""
    return join(tag("h1", title), tag("p", text, class_="verdict"))


def _left_out(count: int, most: int, done: str) -> Html | None:
    """The note that not all runs are drawn or listed."""
    text = f"The first {most} of {count} runs are {done}; select with --where, and sort with --sort."
    return tag("p", text, class_="card") if count > most else None


def _table(records: Sequence[RunRecord], rows: Sequence[Row], best: int | None, link: Link | None) -> Html:
    keys = differing(records)
    kept = list(keys)[:_KEYS]
    titles = ["run", "state", "best", "at epoch", "last", "test", "epochs", "time", *short_names(kept), "findings"]
    whole = dict(enumerate(kept, start=8))  # the dotted paths of shortened titles
    buttons = [tag("button", title, type="button", title=whole.get(i)) for i, title in enumerate(titles)]
    head = [tag("th", button, scope="col") for button in buttons]
    body = [
        tag("tr", *_cells(record, row, [keys[k][i] for k in kept], link), class_="best" if i == best else None)
        for i, (record, row) in enumerate(zip(records, rows, strict=True))
    ]
    inside = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body), data_sortable=True)
    box = tag("div", inside, class_="scroll", tabindex="0", role="region", aria_label="Runs")
    metric = next((row.metric for row in rows if row.metric), "")
    text = f"best, last: {metric}. " if metric else ""
    text += "Click on a title to sort by it; the best run is bold."
    text += f" {len(keys) - len(kept)} more settings differ." if len(keys) > len(kept) else ""
    return tag("div", tag("p", text), box, class_="card")


def _cells(record: RunRecord, row: Row, values: list[Any], link: Link | None) -> list[Html]:
    name = tag("a", row.name, href=link(record)) if link else Html(tag("span", row.name))
    test = row.test.get(main_test(row)) if row.test else None
    epochs = "" if row.epoch is None else str(row.epoch)
    cells = [tag("td", name), tag("td", row.status)]
    cells += [_number(v) for v in (row.best, row.best_epoch, row.last, test)]
    cells += [tag("td", epochs, class_="number"), _time(row.seconds)]
    cells += [_number(v) if isinstance(v, float) else tag("td", shown(v)) for v in values]
    return [*cells, tag("td", diagnoses(row))]


def _number(value: float | None) -> Html:
    return tag("td", readable(value), class_="number", data_value=None if value is None else repr(float(value)))


def _time(seconds: float | None) -> Html:
    return tag("td", "" if seconds is None else duration(seconds), class_="number", data_value=repr(seconds or 0.0))


def _best(records: Sequence[RunRecord], rows: Sequence[Row]) -> int | None:
    """The index of the best run, among those in which the same metric decides as in the first."""
    metric = next((row.metric for row in rows if row.best is not None and isfinite(row.best)), "")
    lower = bool(records) and records[0].falls(metric)
    known = [(row.best, i) for i, row in enumerate(rows) if row.metric == metric and row.best is not None]
    scored = [(best if lower else -best, i) for best, i in known if isfinite(best)]
    return min(scored)[1] if scored else None


def _groups(groups: Sequence[Group]) -> Html | None:
    """Which runs are in which group."""
    if not groups:
        return None
    runs = [", ".join(row.name for row in group.rows) for group in groups[:40]]
    lines = [tag("li", tag("strong", title), f": {own}") for title, own in zip(names(groups[:40]), runs, strict=True)]
    return tag("details", tag("summary", "Which runs are in which group"), tag("ul", *lines), class_="card")
