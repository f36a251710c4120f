"""The page of one tune: the winner, the candidates, simpler models, the story step by step, the budget."""

from collections.abc import Mapping
from typing import Any

from trainlab.report.html.findings import command
from trainlab.report.html.numbers import table as html_table
from trainlab.report.html.page import Page
from trainlab.report.html.sweep_page import Link, unlinked
from trainlab.report.html.tags import Html, join, prose, tag
from trainlab.report.pictures import tune as pictures_of_tune
from trainlab.report.pictures.numbers import readable
from trainlab.report.text import duration
from trainlab.report.tune_record import Step, TuneRecord

_TONES = {"failed": "error", "nothing finished": "error", "warning": "warning", "behind": "warning"}


def tune_page(tune: TuneRecord, *, link: Link = unlinked, script: str = "", connect: bool = False) -> str:
    """One tune as a self-contained HTML page. `link`: the address of the page of a folder inside it, empty if it has
    none · `script`, `connect`: see `Page.html`.
    """
    page = Page(tune.name)
    page.section("winner", "The winner", _changes(tune), _commands(tune))
    page.section("candidates", "The best trials with further seeds", _candidates(tune, link))
    page.section("test", "Test rows and simpler models", _tested(tune))
    page.section("story", "Step by step", *(_step(tune, name, step, link) for name, step in tune.steps.items()))
    page.section("budget", "Budget and trials", page.figures(pictures_of_tune.pictures(tune)), _trials(tune, link))
    return page.html(_head(tune), script=script, connect=connect)


def _head(tune: TuneRecord) -> Html:
    state = tune.state
    plan, costs = tune.steps.get("plan", {}), [step["cost"] for step in tune.steps.values() if "cost" in step]
    asked: Mapping[str, Any] = plan.get("budget", {})
    unit = str(asked.get("unit", ""))
    promised = duration(float(asked["amount"])) if unit == "seconds" else f"{asked.get('amount', '')} {unit}"
    facts = [
        (tune.metric, readable(tune.winner.get("mean"))),
        *((f"test {name}", readable(value)) for name, value in tune.tested.items()),
        ("budget", promised),
        ("time", duration(tune.seconds)),
        ("networks trained", str(tune.networks)),
        ("epochs", readable(sum(cost["epochs_trained"] for cost in costs))),
    ]
    listed = tag("dl", *(tag("div", tag("dt", k), tag("dd", v)) for k, v in facts if v), class_="facts")
    problem = tag("p", prose(f"Could not be read: {tune.problem}"), class_="card") if tune.problem else None
    head = tag("h1", tune.name, tag("span", state, class_=f"state {state}"))
    return join(head, tag("p", _verdict(tune, state), class_="verdict"), listed, problem)


def _verdict(tune: TuneRecord, state: str) -> str:
    if state == "failed":
        return "The check has found an error that the search cannot remove; nothing was trained."
    if state == "running":
        return f"{len(tune.steps)} steps are over."
    if state == "interrupted":
        return f"Stopped after {len(tune.steps)} steps; continue with: trainlab tune --resume {tune.path}"
    if not tune.winner:
        return "No trial has finished."
    words = [f"The winner is {tune.winner['trial']}: {tune.metric} {readable(tune.winner['mean'])}, the mean of"]
    words.append(f"{len(tune.winner['scores'])} seeds.")
    return " ".join([*words, *(f"{line[:1].upper()}{line[1:]}." for line in tune.steps["test"]["text"])])


def _step(tune: TuneRecord, name: str, step: Step, link: Link) -> Html:
    """A step as a card: title, verdict, time, sentences; a round with a link to the page of its sweep."""
    verdict = str(step.get("verdict") or "")
    took = duration(tune.took[name])
    title, address = str(step.get("title") or name), link(name) if name.startswith("search-") else ""
    place = tag("span", f" {verdict} · {took}".replace("  ", " "), class_="place")
    head = tag("h3", tag("a", title, href=address) if address else title, place)
    lines = tag("ul", *(tag("li", prose(line)) for line in step.get("text", ())))
    return tag("article", head, lines, class_=f"card finding {_TONES.get(verdict, 'info')}", id=f"step-{name}")


def _changes(tune: TuneRecord) -> Html | None:
    """The winner's settings beside the given ones."""
    changes = tune.steps.get("end", {}).get("changes")
    if not changes:
        return None
    rows = [[change["setting"], _text(change["given"]), _text(change["winner"])] for change in changes]
    return tag(
        "div", html_table(["setting", "given", "winner"], rows, caption="What the winner changes"), class_="card"
    )


def _commands(tune: TuneRecord) -> Html | None:
    run = tune.steps.get("end", {}).get("run")
    if not run:
        return None
    lines = [
        ("Use the winner's network:", f"trainlab predict {tune.path / run} --input FILE"),
        ("Look at its training:", f"trainlab report {tune.path / run} --html winner.html"),
        ("Train its config again:", f"trainlab train {tune.path / 'best.yaml'}"),
    ]
    return tag("div", *(join(tag("p", text), command(line)) for text, line in lines), class_="card apart")


def _candidates(tune: TuneRecord, link: Link) -> Html | None:
    rows = tune.steps.get("confirm", {}).get("candidates")
    if not rows:
        return None
    titles = ["trial", f"{tune.metric}, mean", "95 % interval", "seeds", "in the search", "difference from the first"]
    made = [
        [_trial(r["trial"], link), r["mean"], _interval(r), _seeds(r, link), r["search_score"], _difference(r)]
        for r in rows
    ]
    note = "Each was trained with further seeds on the same rows: the score of the search alone is the best of many, "
    note += "so it flatters. Differences are paired by seed."
    return tag("div", tag("p", note), html_table(titles, made, caption="Candidates"), class_="card")


def _trial(name: str, link: Link) -> Html | str:
    """A trial such as `search-2/0003`, as a link to the page of its run if there is one."""
    sweep, _, number = name.partition("/")
    address = link(f"{sweep}/trials/{number}")
    return tag("a", name, href=address) if address else name


def _seeds(row: Mapping[str, Any], link: Link) -> Html | int:
    """How many seeds, as links to the pages of the runs that have one."""
    addresses = [link(folder) for folder in row["folders"]]
    if not any(addresses):
        return len(row["scores"])
    parts = [tag("a", str(i), href=found) if found else str(i) for i, found in enumerate(addresses, start=1)]
    return join(*(join(part, " ") for part in parts))


def _trials(tune: TuneRecord, link: Link) -> Html | None:
    """All finished trials of the rounds."""
    if not tune.results:
        return None
    paths = list(tune.steps["plan"]["space"])
    rows = [
        [
            _trial(r["trial"], link),
            r["score"],
            *(_text(r["values"].get(path)) for path in paths),
            r["epochs"],
            ", ".join(r["codes"]),
        ]
        for r in tune.results
    ]
    inside = html_table(["trial", tune.metric, *paths, "epochs", "findings"], rows, caption="All trials")
    return tag("details", tag("summary", f"{len(rows)} finished trials"), inside, class_="card")


def _interval(row: Mapping[str, Any]) -> str:
    return "" if row.get("low") is None else f"{readable(row['low'])} to {readable(row['high'])}"


def _difference(row: Mapping[str, Any]) -> str:
    found = row.get("against")
    if not found:
        return ""
    clear = "clear" if found["clear"] else "not told apart"
    return f"{found['difference']:+.3g} ({found['low']:+.3g} to {found['high']:+.3g}), {clear}"


def _tested(tune: TuneRecord) -> Html | None:
    """The winner's test scores, and those of simpler models on the same rows."""
    test = tune.steps.get("test", {})
    names = list(test.get("scores", {}))
    if not names:
        return None
    own = [[f"the winner, mean of {test['runs']} seeds", *(test["scores"][name]["mean"] for name in names)]]
    others = [[who, *(of.get(name) for name in names)] for who, of in test["baselines"].items()]
    return tag("div", html_table(["model", *names], [*own, *others], caption="Scores of the test rows"), class_="card")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return readable(value)
    return "" if value is None else str(value)
