"""The page of one sweep: what it found, what mattered, where the good region is, what it cost."""

import math
from typing import Any

from trainlab.report.facts import number, table
from trainlab.report.html.findings import command
from trainlab.report.html.numbers import table as html_table
from trainlab.report.html.page import Page
from trainlab.report.html.tags import Html, join, tag
from trainlab.report.learnt import Learnt, good, is_number, learnt, log_axis
from trainlab.report.pictures import gallery
from trainlab.report.pictures._sweep import text
from trainlab.report.pictures.failures import counts
from trainlab.report.pictures.numbers import listing, told
from trainlab.report.sweep_record import SweepRecord, TrialRow
from trainlab.report.text import duration

_TOP, _ALL = 10, 300


def sweep_page(sweep: SweepRecord, *, script: str = "", connect: bool = False) -> str:
    """One sweep as an HTML page with everything in it. `script`, `connect`: see `Page.html`."""
    page, known = Page(sweep.name), learnt(sweep)
    pictures = {picture.name: picture for picture in gallery.of_sweep(sweep)}
    parameters = [pictures.pop(name) for name in list(pictures) if name.startswith("parameter-")]

    def named(*names: str) -> Html | None:
        return page.figures([pictures.pop(name) for name in names if name in pictures])

    page.section("course", "What was found", named("progress", "importance"), _unknown(sweep, known))
    page.section("best", "The best trials", _best(sweep))
    page.section("region", "Where the good region is", _region(sweep, known), page.figures(parameters, small=True))
    page.section("parallel", "All parameters at once", named("parallel"))
    page.section("cost", "Stages and failures", _common(known), named("stages", "failures"))
    page.section("trials", "All trials", _trials(sweep))
    return page.html(_head(sweep), script=script, connect=connect)


def _head(sweep: SweepRecord) -> Html:
    states = counts(sweep)
    asked = number(sweep.settings, "trials")
    head = f"{len(sweep.trials)}{f' of {told(asked)}' if asked and asked != len(sweep.trials) else ''} trials"
    said = f"{sweep.name}: {head}" + (f" ({', '.join(f'{n} {s}' for s, n in states.items())})" if states else "") + "."
    if sweep.ranked:
        best = sweep.ranked[0]
        values = listing([f"{name} {text(value)}" for name, value in best.values.items()], most=8)
        said += f" The best {sweep.metric} is {told(best.score)}, in trial {best.number}: {values}."
    edges = [name for name in sweep.parameters if _edge(sweep, name)]
    said += (
        f" The best trial is at the edge of what was searched for {listing(edges)}: search further." if edges else ""
    )
    seconds = sum(number(t.facts, "seconds") or 0.0 for t in sweep.trials)
    strategy = str(table(sweep.settings, "strategy").get("name") or sweep.settings.get("strategy") or "")
    facts = [
        (f"best {sweep.metric}", told(sweep.ranked[0].score) if sweep.ranked else ""),
        ("trials", str(len(sweep.trials))),
        ("strategy", strategy),
        ("epochs in all", told(sum(number(t.facts, "epochs") or 0 for t in sweep.trials))),
        ("training time", duration(seconds) if seconds else ""),
    ]
    listed = tag("dl", *(tag("div", tag("dt", k), tag("dd", v)) for k, v in facts if v), class_="facts")
    problem = tag("p", f"Could not be read: {sweep.problem}", class_="card") if sweep.problem else None
    return join(tag("h1", sweep.name), tag("p", said, class_="verdict"), listed, problem)


def _unknown(sweep: SweepRecord, known: Learnt) -> Html | None:
    """Why there is no picture of what mattered."""
    if not sweep.trials:
        return tag("p", "There are no trials yet.", class_="card")
    found = known.importance
    if found.shares:
        return None
    return tag("p", f"What mattered cannot be told ({found.method}): {found.note}.", class_="card")


def _best(sweep: SweepRecord) -> Html | None:
    if not sweep.ranked:
        return None
    titles = ["trial", sweep.metric, *sweep.parameters, "epochs", "diagnoses"]
    rows = [[t.number, _score(t.score, t.facts), *_values(sweep, t), *_rest(t)] for t in sweep.ranked[:_TOP]]
    best = sweep.path / "best.yaml"
    again = command(f"trainlab train {best}") if best.exists() else None
    inside = html_table(titles, rows, caption="The best trials")
    return tag("div", inside, tag("p", "To train the best one again:") if again else None, again, class_="card")


def _region(sweep: SweepRecord, known: Learnt) -> Html | None:
    """The best quarter's range of each parameter beside what was searched."""
    if not known.regions:
        return None
    rows = [[r.setting, r.text, r.tried_text, _edge(sweep, r.setting)] for r in known.regions]
    told_of = f"The best quarter of the scored trials ({len(good(sweep))}) and what was tried."
    inside = html_table(["parameter", "best quarter", "tried", "mind"], rows, caption="The good region")
    return tag("div", tag("p", told_of), inside, class_="card")


def _common(known: Learnt) -> Html | None:
    """What befell several trials and what these have in common, what was saved, what was said of the sweep."""
    said = [fate.text for fate in known.fates]
    if known.saved >= 0.01:
        said.append(f"epochs: {known.epochs} instead of {known.whole}, {known.saved:.0%} saved")
    said += [f"{one['code']}: {one['message']}" for one in known.findings]
    return tag("ul", *(tag("li", line) for line in said), class_="card") if said else None


def _edge(sweep: SweepRecord, name: str) -> str:
    """Whether the best trial stands in the outer twentieth of what was tried."""
    cells = [t.values[name] for t in sweep.trials if t.values.get(name) is not None]
    if not sweep.ranked or not is_number(sweep, name) or len(set(cells)) < 4:
        return ""
    change = math.log if log_axis(sweep, name) else float
    low, high, here = change(min(cells)), change(max(cells)), change(sweep.ranked[0].values[name])
    if here <= low + 0.05 * (high - low):
        return "the best is at the lower edge"
    return "the best is at the upper edge" if here >= high - 0.05 * (high - low) else ""


def _trials(sweep: SweepRecord) -> Html | None:
    if not sweep.trials:
        return None
    titles = ["trial", "status", sweep.metric, *sweep.parameters, "epochs", "seconds", "diagnoses", "reason"]
    rows = [
        [
            t.number,
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


def _values(sweep: SweepRecord, trial: TrialRow) -> list[str | float | None]:
    return [_cell(trial.values[name]) for name in sweep.parameters]


def _rest(trial: TrialRow) -> list[Any]:
    return [trial.facts.get("epochs"), _codes(trial.facts)]


def _score(score: float | None, facts: dict[str, object]) -> str:
    """A score, of several runs with its 95 % interval."""
    low, high = number(facts, "low"), number(facts, "high")
    return told(score) + (f" ({told(low)} to {told(high)})" if low is not None and high is not None else "")


def _cell(value: object) -> str | float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return text(value)


def _codes(facts: dict[str, object]) -> str:
    return ", ".join(str(facts.get("diagnoses") or "").split())
