"""The front page of `trainlab serve`: the tunes, the sweeps and the runs, the newest first."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from trainlab.report.html.tags import Html, join, tag
from trainlab.report.rows import Row, main_test
from trainlab.report.serve.places import address
from trainlab.report.table import diagnoses
from trainlab.report.text import counted, duration, moment, number
from trainlab.report.tune_record import TuneRecord
from trainlab.report.tune_text import tune_line

_MOST = 1000  # runs on the page, the newest
_STATES = ("finished", "running", "interrupted", "diverged", "failed", "killed", "unreadable")


def front_page(
    name: str, rows: Sequence[Row], sweeps: Sequence[str], script: str, tunes: Sequence[TuneRecord] = ()
) -> str:
    """The list of runs, sweeps and tunes of a folder as a page. `script` is its JavaScript."""
    own = [row for row in rows if "/" not in row.name]
    shown = own[::-1][:_MOST]
    counts = {state: sum(row.status == state for row in own) for state in _STATES}
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    head = join(
        tag("h1", f"Runs of {name}" if name != "runs" else "Runs"),
        tag("p", f"{counted(len(own), 'run')}{f': {states}' if states else ''}.", class_="verdict"),
        tag("p", tag("a", "Compare the newest runs", href="/compare")) if len(own) > 1 else None,
    )
    body = tag(
        "body",
        tag("header", head),
        tag("main", _tune_section(tunes), _sweep_section(sweeps, rows), _run_section(shown, len(own)), id="content"),
        tag("footer", "Made by trainlab. Nothing on this page is loaded from anywhere else."),
        Html(f"<script>{script}</script>"),
    )
    return f"<!doctype html>\n{tag('html', _head(name, script), body, lang='en')}\n"


def _head(name: str, script: str) -> Html:
    code = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = (
        f"default-src 'none'; script-src 'sha256-{code}'; style-src 'unsafe-inline'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'"
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


def _tune_section(tunes: Sequence[TuneRecord]) -> Html | None:
    if not tunes:
        return None
    items = [
        tag("li", tag("a", tune.name, href=address("tune", tune.name)), tune_line(tune).removeprefix(tune.name))
        for tune in tunes
    ]
    return tag("section", tag("h2", "Tunes"), tag("ul", *items), id="tunes")


def _sweep_section(sweeps: Sequence[str], rows: Sequence[Row]) -> Html | None:
    if not sweeps:
        return None
    items = [
        tag(
            "li",
            tag("a", name, href=address("sweep", name)),
            f" {counted(sum(row.name.startswith(f'{name}/') for row in rows), 'trial')}",
        )
        for name in sweeps
    ]
    return tag("section", tag("h2", "Sweeps"), tag("ul", *items), id="sweeps")


def _run_section(rows: Sequence[Row], count: int) -> Html:
    if not rows:
        return tag("section", tag("h2", "Runs"), tag("p", "No runs yet."), id="runs")
    titles = ("run", "started", "state", "epochs", "best", "test", "time", "findings")
    head = tag("tr", *(tag("th", title, scope="col") for title in titles))
    table = tag("table", tag("thead", head), tag("tbody", *map(_row, rows)))
    rest = tag("p", f"and {count - len(rows)} older runs.") if count > len(rows) else None
    return tag("section", tag("h2", "Runs"), tag("div", table, class_="scroll"), rest, id="runs")


def _row(row: Row) -> Html:
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
    name = tag("th", tag("a", row.name, href=address("run", row.name)), scope="row")
    return tag("tr", name, *(tag("td", cell) for cell in cells))
