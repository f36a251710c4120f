"""The page of an evaluation: scores, curves of the probabilities, confusion matrix, the scores of each class."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainlab.report.decision_text import decision_lines
from trainlab.report.html.numbers import table as html_table
from trainlab.report.html.page import Page
from trainlab.report.html.tags import Html, join, prose, tag
from trainlab.report.json_fields import number, table, tables, texts
from trainlab.report.pictures import confusion, precision_recall, predicted, reliability, roc, threshold
from trainlab.report.pictures._ratings import where
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture
from trainlab.store.writing import write_output

_SCORES = ("precision", "recall", "f1")


def pictures(facts: Mapping[str, Any]) -> list[Picture]:
    """Every picture of an evaluation. facts: see `write_evaluation_page`."""
    classes = [str(one.get("name")) for one in tables(facts, "classes")]
    made = [*confusion.drawn(facts, classes), *predicted.drawn(facts, texts(table(facts, "sample"), "names"))]
    for module in (roc, precision_recall, reliability, threshold):
        made += module.drawn(facts)
    return made


def write_evaluation_page(file: Path, facts: Mapping[str, Any], drawn: list[Picture]) -> int:
    """Write the page; its size in bytes. Raises UserError if it cannot be written.

    facts: an evaluation as JSON has it, with `part` (the split, or the name of the file) and, of a regression, `sample`
    · drawn: its pictures.
    """
    page = Page(f"{facts['run']}, evaluated")
    rated = [picture for picture in drawn if picture.name in ("roc", "precision-recall", "reliability", "threshold")]
    lines = decision_lines(table(facts, "decision"), str(facts.get("part")))
    told = tag("div", *(tag("p", prose(line)) for line in lines), class_="card apart") if lines else None
    page.section("mistakes", "Mistakes", page.figures([p for p in drawn if p not in rated]), *_classes(facts))
    page.section("probabilities", "Probabilities", told, page.figures(rated))
    data = page.html(_head(facts)).encode()
    write_output(file, data)
    return len(data)


def _head(facts: Mapping[str, Any]) -> Html:
    epoch = facts.get("epoch")
    scores = {**table(facts, "scores")}
    for one in tables(table(facts, "curves"), "classes"):
        if len(tables(table(facts, "curves"), "classes")) == 1:
            areas = {"ROC AUC": one.get("roc_auc"), "average precision": one.get("average_precision")}
            scores |= {f"{name} of {one.get('class')}": value for name, value in areas.items()}
    reliability = table(table(facts, "curves"), "reliability")
    if (error := number(reliability, "calibration_error")) is not None:
        of = reliability.get("class")
        scores["calibration error" if of is None else f"calibration error of {of}"] = error
    items = [tag("div", tag("dt", name), tag("dd", readable(value))) for name, value in scores.items()]
    weights = "" if epoch is None else f", with the weights of epoch {epoch}"
    return join(
        tag("h1", f"{facts['run']}, evaluated"),
        tag("p", f"On {where(facts)}{weights}.", class_="verdict"),
        tag("dl", *items, class_="facts"),
    )


def _classes(facts: Mapping[str, Any]) -> list[Html]:
    rated = {one.get("class"): one for one in tables(table(facts, "curves"), "classes")}
    rows = [
        [
            str(one.get("name")),
            number(one, "rows"),
            *(number(one, score) for score in _SCORES),
            *(number(rated.get(one.get("name"), {}), area) for area in ("roc_auc", "average_precision")),
        ]
        for one in tables(facts, "classes")
    ]
    titles = ["class", "rows", "precision", "recall", "F1", "ROC AUC", "average precision"]
    return [tag("div", html_table(titles, rows, caption="The classes"), class_="card apart")] if rows else []
