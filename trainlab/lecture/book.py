"""The book: the chapters' texts with the numbers and pictures of their runs, and what became of their claims."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from trainlab.core.errors import UserError
from trainlab.lecture.chapter import Claim
from trainlab.lecture.expression import evaluate, sides
from trainlab.lecture.figures import Figures
from trainlab.lecture.numbers import Numbers
from trainlab.lecture.running import Results
from trainlab.report.html.numbers import table as html_table
from trainlab.report.html.page import Page
from trainlab.report.html.tags import Html, join, tag
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture
from trainlab.report.text import duration
from trainlab.store.environment import describe

_PART = re.compile(r"\{\{(.+?)(?::(\.\d+[%fge]|d))?\}\}", re.DOTALL)
Functions = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim with its outcome: `holds` is None where the short form cannot decide it; `numbers`: what was compared."""

    claim: Claim
    says: str
    holds: bool | None
    numbers: Sequence[tuple[str, Any]]

    @property
    def expected(self) -> bool:
        """Whether it came out as the chapter says."""
        return self.holds is None or self.holds == self.claim.here


def verdicts(results: Results) -> list[Verdict]:
    """The claims of a chapter, judged by its runs. Raises UserError for a claim that cannot be computed."""
    functions, made = Numbers(results).functions(), list[Verdict]()
    for claim in results.chapter.plan.claims:
        decided = not results.short or claim.short
        holds = bool(evaluate(claim.that, functions)) if decided else None
        compared = sides(claim.that, functions) if decided else []
        says = _PART.sub(lambda m: _shown(evaluate(m[1], functions), m[2], m[1]), claim.says)
        made.append(Verdict(claim, says, holds, [(text, v) for text, v in compared if "(" in text]))
    return made


def book(chapters: Sequence[tuple[Results, Sequence[Verdict]]]) -> str:
    """The chapters as one self-contained HTML page. Raises UserError for a text that asks for what is not there."""
    page = Page("Training neural networks: the lecture that runs")
    for results, judged in chapters:
        name, title = results.chapter.name, results.chapter.plan.title
        number = str(int(name.partition("-")[0])) if name[:2].isdecimal() else ""
        page.section(name, f"{number} {title}".strip(), *_parts(page, results), _claims(judged), _again(results))
    return page.html(_head(chapters))


def _parts(page: Page, results: Results) -> list[Html]:
    """The text of a chapter, its numbers filled in, its pictures in their places."""
    functions: Functions = {**Numbers(results).functions(), **Figures(results).functions()}
    pictures: dict[str, Picture] = {}

    def filled(match: re.Match[str]) -> str:
        try:
            value = evaluate(match[1], functions)
        except UserError as error:
            raise UserError(f"{results.chapter.folder}/text.md: {error}") from error
        if not isinstance(value, Picture):
            return _shown(value, match[2], match[1])
        key = f"picture-{results.chapter.name}-{len(pictures)}"
        pictures[key] = value
        return f"\n\n{key}\n\n"

    html = _markdown(_PART.sub(filled, results.chapter.text))
    pieces = re.split(r"<p>(picture-[\w-]+)</p>\n?", html)
    made: list[Html] = []
    for piece in pieces:
        if piece in pictures:
            picture = pictures[piece]
            made.append(tag("div", page.figure(_renamed(picture, piece.removeprefix("picture-"))), class_="apart"))
        elif piece.strip():
            made.append(tag("div", Html(piece), class_="prose"))
    return made


def _renamed(picture: Picture, name: str) -> Picture:
    return Picture(
        name, picture.title, picture.chart, picture.sentence, picture.table, picture.switch, picture.wide, picture.group
    )


def _markdown(text: str) -> str:
    """Markdown as HTML; HTML in the text is shown, not used."""
    parser = import_module("markdown_it").MarkdownIt("commonmark", {"html": False}).enable("table")
    html = str(parser.render(text))
    return html.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")


def _claims(judged: Sequence[Verdict]) -> Html | None:
    if not judged:
        return None
    words = {True: "holds", False: "does not hold here", None: "too short to tell"}
    rows = [
        [
            tag("span", words[v.holds], class_="state finished" if v.holds else "state interrupted"),
            v.says,
            "; ".join(dict.fromkeys(f"{text} = {_shown(value, None, text)}" for text, value in v.numbers)),
        ]
        for v in judged
    ]
    head = tag("h3", "What was claimed, and what came out")
    return tag(
        "div",
        head,
        html_table(["", "claim", "numbers of this run"], rows, caption="Claims"),
        class_="card apart claims",
    )


def _again(results: Results) -> Html:
    """How to train the chapter's runs oneself."""
    name = results.chapter.name
    lines = [
        f"{key}: {planned.config}{''.join(f' {path}={value}' for path, value in planned.set.items())}"
        for key, planned in [*results.chapter.plan.runs.items(), *results.chapter.plan.sweeps.items()]
    ]
    told = tag("p", f"All configs are in configs/lecture/{name}. A run's folder is {results.folder}/NAME.")
    inside = [told, tag("pre", "\n".join(lines))]
    return tag("details", tag("summary", "The runs of this chapter"), *inside, class_="card apart")


def _head(chapters: Sequence[tuple[Results, Sequence[Verdict]]]) -> Html:
    every = [v for _, judged in chapters for v in judged]
    held = sum(v.holds is True for v in every)
    failed, open_ = sum(v.holds is False for v in every), sum(v.holds is None for v in every)
    records = [record for results, _ in chapters for record in results.runs.values()]
    seconds = sum(record.status.seconds for record in records if record.status is not None)
    short = any(results.short for results, _ in chapters)
    text = f"{len(chapters)} chapters, {len(records)} runs and {sum(len(r.sweeps) for r, _ in chapters)} sweeps, "
    text += f"trained in {duration(seconds)} without the sweeps. Of {len(every)} claims {held} hold at this scale"
    text += f" and {failed} do not; the chapters say which, with numbers" if failed else ""
    text += f"; {open_} cannot be decided in the short form" if open_ else ""
    text += ". Every number on this page is of these runs."
    machine = describe(chapters[0][0].chapter.folder, {})
    made = f"{datetime.now(UTC):%Y-%m-%d}, trainlab {machine.get('trainlab', '')}, {machine.get('platform', '')}"
    warning = "This is the short form, for tests: the runs are too short for what the texts say." if short else None
    contents = [
        tag("li", tag("a", results.chapter.plan.title, href=f"#{results.chapter.name}")) for results, _ in chapters
    ]
    return join(
        tag("h1", "Training neural networks: the lecture that runs"),
        tag("p", text, class_="verdict"),
        tag("p", warning, class_="card") if warning else None,
        tag("p", made, class_="none"),
        tag("ol", *contents, class_="card contents"),
    )


def _shown(value: Any, form: str | None, expression: str) -> str:
    """A value in a text: with the format that the text asks for, else to three digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return "never" if value == math.inf and expression.startswith("until(") else "infinite"
    return format(value, form) if form else readable(value)
