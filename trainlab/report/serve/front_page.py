"""The front page of `trainlab serve`: the tunes, the sweeps and the runs, to be filtered, sorted, chosen and compared.

It is one form. Every button of it asks for a page whose address says what is shown, so it works without JavaScript;
`front.js` only makes it quicker.
"""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from trainlab.report.html.tags import Html, join, tag
from trainlab.report.rows import Row, main_test
from trainlab.report.serve.listing import Listing
from trainlab.report.serve.places import address
from trainlab.report.serve.view import SORTS, View
from trainlab.report.table import diagnoses
from trainlab.report.text import counted, duration, moment, number
from trainlab.report.tune_record import TuneRecord
from trainlab.report.tune_text import tune_line

_MOST = 1000  # runs on the page, the first
_STATES = ("finished", "running", "interrupted", "diverged", "failed", "killed", "unreadable")
_HINT = "adam  overfitting  status=finished  optimizer.lr<1e-2"


def front_page(name: str, listing: Listing, view: View, script: str) -> str:
    """The list of runs, sweeps and tunes of a folder as a page. `script` is its JavaScript."""
    own = listing.runs(trials=view.trials)
    rows, problem = listing.found(view)
    counts = {state: sum(row.status == state for row in own) for state in _STATES}
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    head = join(
        tag("h1", f"Runs of {name}" if name != "runs" else "Runs"),
        tag("p", f"{counted(len(own), 'run')}{f': {states}' if states else ''}.", class_="verdict"),
        tag("p", tag("a", "Compare the newest runs", href="/compare")) if len(own) > 1 else None,
    )
    form = tag(
        "form",
        _controls(view),
        tag("section", *_tunes(listing, view), id="tunes"),
        tag("section", *_sweeps(listing, view), id="sweeps"),
        tag("section", *_runs(rows, len(own), problem, view), id="runs"),
        action="/",
        class_="chooser",
    )
    body = tag(
        "body",
        tag("header", head),
        tag("main", form, id="content"),
        tag("footer", "Made by trainlab. Nothing on this page is loaded from anywhere else."),
        Html(f"<script>{script}</script>"),
    )
    return f"<!doctype html>\n{tag('html', _head(name, script), body, lang='en')}\n"


def _head(name: str, script: str) -> Html:
    code = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = (
        f"default-src 'none'; script-src 'sha256-{code}'; style-src 'unsafe-inline'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'"
    )
    style = files("trainlab.report.html").joinpath("page.css").read_text(encoding="utf-8")
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=rules),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{name} - trainlab"),
        Html(f"<style>{style}</style>"),
    )


def _controls(view: View) -> Html:
    """The filter and the buttons. The first button is what Enter presses."""
    return tag(
        "div",
        tag("input", type="hidden", name="sort", value=view.sort),
        tag("label", "Filter", for_="filter"),
        tag(
            "input",
            type="search",
            id="filter",
            name="filter",
            value=view.filter,
            placeholder=_HINT,
            autocomplete="off",
            spellcheck="false",
            aria_describedby="filter-help",
        ),
        tag("button", "Filter", type="submit", id="find"),
        tag(
            "label",
            tag("input", type="checkbox", name="trials", value="on", checked=view.trials),
            " with trials",
            class_="plain",
        ),
        tag("button", "Compare selected", type="submit", formaction="/compare", id="compare"),
        tag("a", "Reset", href="/"),
        tag(
            "p",
            "Words are looked for in names, states, findings and settings; every one must be found. "
            "KEY=VALUE, KEY<VALUE and the like are compared, as by ",
            tag("code", "trainlab report --where"),
            ". A selected sweep or tune is compared by its best trial.",
            id="filter-help",
            class_="none",
        ),
        class_="card find",
        role="search",
    )


def _tunes(listing: Listing, view: View) -> list[Html]:
    names = listing.named(listing.tunes, view)
    if not names:
        return []
    head = tag("tr", tag("th", "tune", scope="col"), tag("th", "how it stands", scope="col"))
    rows = [
        tag("tr", _named("tune", name, chosen=name in view.chosen), tag("td", _stands(listing, name))) for name in names
    ]
    return [tag("h2", "Tunes"), tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll")]


def _stands(listing: Listing, name: str) -> str:
    return tune_line(TuneRecord(listing.root / name, name)).removeprefix(f"{name}: ")


def _sweeps(listing: Listing, view: View) -> list[Html]:
    names = listing.named(listing.sweeps, view)
    if not names:
        return []
    head = tag("tr", *(tag("th", title, scope="col") for title in ("sweep", "trials", "best", "best trial")))
    rows = [_sweep(listing, name, chosen=name in view.chosen) for name in names]
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return [tag("h2", "Sweeps"), tag("div", table, class_="scroll")]


def _sweep(listing: Listing, name: str, *, chosen: bool) -> Html:
    best = listing.best(name)
    cells = [
        ("trials", str(len(listing.trials(name)))),
        ("best", f"{best.metric} {number(best.best)}" if best else ""),
        ("best trial", best.name.partition("/")[2].removeprefix("trials/") if best else ""),
    ]
    return tag("tr", _named("sweep", name, chosen=chosen), *(tag("td", v, data_title=k) for k, v in cells))


def _runs(rows: Sequence[Row], count: int, problem: str, view: View) -> list[Html]:
    if not count:
        return [tag("h2", "Runs"), tag("p", "No runs yet.")]
    chosen = f", {len(view.chosen)} selected" if view.chosen else ""
    told = f"{len(rows)} of {counted(count, 'run')}{chosen}"
    if len(rows) > _MOST:
        told += f"; the first {_MOST} are listed"
    note = tag("p", problem or told, id="told", role="status", class_="card finding error" if problem else None)
    head = tag("tr", *(_title(title, view.sort) for title in SORTS))
    body = [_row(row, chosen=row.name in view.chosen) for row in rows[:_MOST]]
    table = tag("table", tag("thead", head), tag("tbody", *body))
    return [tag("h2", "Runs"), note, tag("div", table, class_="scroll")]


def _title(title: str, sort: str) -> Html:
    """A column's title as a button that sorts by it, the other way round if it is sorted by already."""
    state = {title: "ascending", f"-{title}": "descending"}.get(sort)
    value = f"-{title}" if sort == title else title
    button = tag("button", title, type="submit", name="sort", value=value, id=f"sort-{title}")
    return tag("th", button, scope="col", aria_sort=state)


def _row(row: Row, *, chosen: bool) -> Html:
    of = "" if row.epochs in (None, row.epoch) else f" of {row.epochs}"
    tested = main_test(row)
    cells = (
        moment(row.started) if row.started else "",
        row.status,
        "" if row.epoch is None else f"{row.epoch}{of}",
        "" if row.best is None else f"{row.metric} {number(row.best)}",
        f"{tested} {number(row.test[tested])}" if tested else "",
        "" if row.seconds is None else duration(row.seconds),
        diagnoses(row),
    )
    named = zip(SORTS[1:], cells, strict=True)
    return tag(
        "tr", _named("run", row.name, chosen=chosen), *(tag("td", v, data_title=k if v else None) for k, v in named)
    )


def _named(kind: str, name: str, *, chosen: bool) -> Html:
    """The first cell of a row: a check box and a link. A name that no address can hold has neither."""
    if not name.isprintable():
        return tag("th", name, scope="row")
    box = tag("input", type="checkbox", name="run", value=name, checked=chosen, aria_label=f"select {name}")
    return tag("th", box, tag("a", name, href=address(kind, name)), scope="row")
