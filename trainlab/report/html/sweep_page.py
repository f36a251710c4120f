"""The page of one sweep: its best trials, the importance of the settings, the good ranges, the cost."""

from collections.abc import Callable, Mapping
from typing import Any

from trainlab.report.html.findings import command
from trainlab.report.html.numbers import table as html_table
from trainlab.report.html.page import Page
from trainlab.report.html.tags import Html, join, prose, tag
from trainlab.report.insights import Insights, good, insights
from trainlab.report.json_fields import number, table
from trainlab.report.pictures import gallery
from trainlab.report.pictures._kit import drawing
from trainlab.report.pictures._sweep import text
from trainlab.report.pictures.failures import counts
from trainlab.report.pictures.numbers import listing, readable
from trainlab.report.sweep_record import SweepRecord, TrialRow
from trainlab.report.text import duration

_TOP, _ALL = 10, 300
Link = Callable[[str], str]  # from a run's folder in the sweep's to the address of its page


def unlinked(_: str) -> str:
    """No trial has a page."""
    return ""


@drawing()
def sweep_page(sweep: SweepRecord, *, link: Link = unlinked, script: str = "", connect: bool = False) -> str:
    """One sweep as a self-contained HTML page. `link`: the address of the page of a trial's run, empty if it has none ·
    `script`, `connect`: see `Page.html`.
    """
    page, known = Page(sweep.name), insights(sweep)
    pictures = {picture.name: picture for picture in gallery.of_sweep(sweep)}
    parameters = [pictures.pop(name) for name in list(pictures) if name.startswith("parameter-")]

    def named(*names: str) -> Html | None:
        return page.figures([pictures.pop(name) for name in names if name in pictures])

    page.section("course", "Progress and importance", named("progress", "importance"), _unknown(sweep, known))
    page.section("best", "The best trials", _best(sweep, link), named("best-curves"))
    page.section("region", "Good ranges", _ranges(sweep, known), page.figures(parameters, small=True))
    page.section("parallel", "All parameters at once", named("plane", "parallel"))
    page.section("cost", "Stages and failures", _failures(known), named("stages", "failures"))
    page.section("trials", "All trials", _trials(sweep, link))
    return page.html(_head(sweep, _edges(known)), script=script, connect=connect)


def _head(sweep: SweepRecord, ends: Mapping[str, str]) -> Html:
    states = counts(sweep)
    asked = number(sweep.settings, "trials")
    head = f"{len(sweep.trials)}{f' of {readable(asked)}' if asked and asked != len(sweep.trials) else ''} trials"
    verdict = (
        f"{sweep.name}: {head}" + (f" ({', '.join(f'{n} {s}' for s, n in states.items())})" if states else "") + "."
    )
    if sweep.ranked:
        best = sweep.ranked[0]
        values = listing([f"{name} {text(value)}" for name, value in best.values.items()], most=8)
        verdict += f" The best {sweep.metric} is {readable(best.score)}, in trial {best.number}: {values}."
    edges = [name for name in sweep.parameters if name in ends]
    verdict += f" The best trials lie at the edge of the searched range of {listing(edges)}: widen it." if edges else ""
    seconds = sum(number(t.facts, "seconds") or 0.0 for t in sweep.trials)
    strategy = str(table(sweep.settings, "strategy").get("name") or sweep.settings.get("strategy") or "")
    facts = [
        (f"best {sweep.metric}", readable(sweep.ranked[0].score) if sweep.ranked else ""),
        ("trials", str(len(sweep.trials))),
        ("strategy", strategy),
        ("total epochs", readable(sum(number(t.facts, "epochs") or 0 for t in sweep.trials))),
        ("training time", duration(seconds) if seconds else ""),
    ]
    listed = tag("dl", *(tag("div", tag("dt", k), tag("dd", v)) for k, v in facts if v), class_="facts")
    problem = tag("p", prose(f"Could not be read: {sweep.problem}"), class_="card") if sweep.problem else None
    return join(tag("h1", sweep.name), tag("p", verdict, class_="verdict"), listed, problem)


def _unknown(sweep: SweepRecord, known: Insights) -> Html | None:
    """Why there is no picture of the importance."""
    if not sweep.trials:
        return tag("p", "There are no trials yet.", class_="card")
    found = known.importance
    if found.shares:
        return None
    return tag("p", prose(f"Importance unknown: {found.note}."), class_="card")


def _best(sweep: SweepRecord, link: Link) -> Html | None:
    if not sweep.ranked:
        return None
    titles = ["trial", sweep.metric, *sweep.parameters, "epochs", "findings"]
    rows = [
        [_linked(t.number, link), _score(t.score, t.facts), *_values(sweep, t), *_rest(t)] for t in sweep.ranked[:_TOP]
    ]
    best = sweep.path / "best.yaml"
    again = command(f"trainlab train {best}") if best.exists() else None
    inside = html_table(titles, rows, caption="The best trials")
    return tag("div", inside, tag("p", "Train the best trial again:") if again else None, again, class_="card")


def _ranges(sweep: SweepRecord, known: Insights) -> Html | None:
    """The range of each parameter in the best quarter of the trials and in all trials."""
    if not known.ranges:
        return None
    ends = _edges(known)
    rows = [[r.setting, r.text, r.tried_text, ends.get(r.setting, "")] for r in known.ranges]
    head = f"The range of each parameter in the best quarter of the scored trials ({len(good(sweep))}), and in all."
    inside = html_table(["parameter", "best quarter", "all trials", "note"], rows, caption="Good ranges")
    return tag("div", tag("p", head), inside, class_="card")


def _failures(known: Insights) -> Html | None:
    """The failure patterns, the saved epochs, and the findings about the sweep as a whole."""
    lines = [pattern.text for pattern in known.failures]
    if known.saved >= 0.01:
        lines.append(f"epochs: {known.epochs} instead of {known.full_epochs}, {known.saved:.0%} saved")
    lines += [f"{one['code']}: {one['message']}" for one in known.findings]
    return tag("ul", *(tag("li", prose(line)) for line in lines), class_="card") if lines else None


def _edges(known: Insights) -> dict[str, str]:
    """By setting: at which end of its declared range the best trials lie, as the finding `edge-of-range` says."""
    found = (table(one, "evidence") for one in known.findings if one.get("code") == "edge-of-range")
    return {str(e["path"]): f"the best trials lie at the {e['end']} end; try {e['try']}" for e in found if "path" in e}


def _trials(sweep: SweepRecord, link: Link) -> Html | None:
    if not sweep.trials:
        return None
    titles = ["trial", "status", sweep.metric, *sweep.parameters, "epochs", "seconds", "findings", "reason"]
    rows = [
        [
            _linked(t.number, link),
            t.status,
            _score(t.score, t.facts),
            *_values(sweep, t),
            t.facts.get("epochs"),
            t.facts.get("seconds"),
            _codes(t.facts),
            str(t.facts.get("reason") or ""),
        ]
        for t in sweep.trials[:_ALL]
    ]
    rest = len(sweep.trials) - _ALL
    more = tag("p", f"and {rest} more in trials.csv") if rest > 0 else None
    inside = html_table(titles, rows, caption="All trials")
    return tag("details", tag("summary", f"{len(sweep.trials)} trials"), inside, more, class_="card")


def _linked(number: int, link: Link) -> Html | int:
    """The trial's number, as a link to the page of its run if there is one."""
    address = link(f"trials/{number:04}")
    return tag("a", str(number), href=address) if address else number


def _values(sweep: SweepRecord, trial: TrialRow) -> list[str | float | None]:
    return [_cell(trial.values[name]) for name in sweep.parameters]


def _rest(trial: TrialRow) -> list[Any]:
    return [trial.facts.get("epochs"), _codes(trial.facts)]


def _score(score: float | None, facts: dict[str, object]) -> str:
    """A score, with its 95 % interval if it is the mean of several runs."""
    low, high = number(facts, "low"), number(facts, "high")
    return readable(score) + (f" ({readable(low)} to {readable(high)})" if low is not None and high is not None else "")


def _cell(value: object) -> str | float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return text(value)


def _codes(facts: dict[str, object]) -> str:
    return ", ".join(str(facts.get("diagnoses") or "").split())
