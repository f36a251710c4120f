"""The page of one run: the verdict, the findings with what to do, then curves, layers, mistakes, data and config."""

from trainlab.report.decision_text import decision_lines
from trainlab.report.findings import FindingGroup, grouped
from trainlab.report.html import setup
from trainlab.report.html.findings import findings
from trainlab.report.html.mistakes import mistakes
from trainlab.report.html.page import Page
from trainlab.report.html.tags import Html, join, prose, tag
from trainlab.report.json_fields import number
from trainlab.report.pictures import evidence, gallery
from trainlab.report.pictures._kit import drawing
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture
from trainlab.report.rows import Row, row_of
from trainlab.report.text import duration
from trainlab.report.verdict import verdict
from trainlab.store.reading import RunRecord

_LEARNING = ("loss", "score", "regions", "learning-rate")
_RATINGS = ("roc", "precision-recall", "reliability", "threshold")
_HISTOGRAMS = ("histograms-outputs", "histograms-weights", "histograms-gradients")
_LAYERS = (*_HISTOGRAMS, "update-ratio", "gradient-norm", "dead-share", "saturated-share")


@drawing()
def run_page(record: RunRecord, *, script: str = "", connect: bool = False) -> str:
    """One run as a self-contained HTML page.

    `script`, `connect`: for a page that a server refreshes, see `Page.html`.
    """
    page, row = Page(record.name), row_of(record)
    pictures = {picture.name: picture for picture in gallery.of_run(record)}

    def named(*names: str) -> list[Html]:
        shown = page.figures([pictures.pop(name) for name in names if name in pictures])
        return [shown] if shown else []

    page.section("diagnoses", "Findings", *_findings(page, record))
    metrics = [name for name in pictures if name.startswith("metric-")]
    page.section("learning", "Learning", *named(*_LEARNING, *metrics))
    outputs = [pictures.pop(name) for name in list(pictures) if name.startswith("activations-")]
    page.section("layers", "Layers", *named(*_LAYERS), *_activations(page, outputs))
    errors = [name for name in pictures if name.startswith(("confusion", "predicted"))]
    page.section("mistakes", "Mistakes", *named(*errors), *mistakes(record))
    page.section("probabilities", "Probabilities", *_decision(record), *named(*_RATINGS))
    page.section("network", "Network", *setup.network(record), *named("first-weights"))
    page.section("data", "Data", *setup.data(record))
    page.section("config", "Config", *setup.config(record))
    page.section("environment", "Environment", *setup.environment(record))
    return page.html(_head(record, row), script=script, connect=connect)


def _head(record: RunRecord, row: Row) -> Html:
    state = tag("span", row.status, class_=f"state {row.status}")
    description = str(record.config.get("description") or "")
    known = [tag("div", tag("dt", *_words(k)), tag("dd", v)) for k, v in _numbers(record, row) if v]
    facts = tag("dl", *known, class_="facts")
    return join(
        tag("h1", record.name, state),
        tag("p", prose(verdict(record, row)), class_="verdict"),
        tag("p", description, class_="place") if description else None,
        facts,
        *(tag("p", prose(remark), class_="card") for remark in record.remarks),
    )


def _words(name: str) -> list[Html]:
    """A name that may break after its underscores, and nowhere else."""
    parts = name.split("_")
    return [join(part, "_", tag("wbr")) for part in parts[:-1]] + [join(parts[-1])]


def _numbers(record: RunRecord, row: Row) -> list[tuple[str, str]]:
    """The most important numbers."""
    at = "" if row.best_epoch is None else f" (epoch {row.best_epoch})"
    best = "" if row.best is None else readable(row.best) + at
    epochs = "" if row.epoch is None else f"{row.epoch} of {row.epochs}" if row.epochs else str(row.epoch)
    size = number(record.network, "parameters")
    return [
        (f"best {row.metric}", best),
        *((f"test {name}", readable(value)) for name, value in row.test.items()),
        ("epochs", epochs),
        ("time", "" if row.seconds is None else duration(row.seconds)),
        ("parameters", readable(size)),
    ]


def _findings(page: Page, record: RunRecord) -> list[Html]:
    groups = grouped(record.findings)
    if not groups:
        text = "No problems found." if record.state in ("finished", "diverged") else "No problems found so far."
        return [tag("p", text, class_="card")]

    def draw(group: FindingGroup) -> Picture | None:
        return evidence.picture(record, group)

    return findings(groups, str(record.path / "config.yaml"), draw, page.figure)


def _decision(record: RunRecord) -> list[Html]:
    """Which temperature and threshold the run has by now."""
    lines = decision_lines(record.decision)
    after = (
        "The pictures show the network as it was at the end of the training, with the most probable class as its label."
    )
    return (
        [tag("div", *(tag("p", prose(line)) for line in lines), tag("p", after), class_="card apart")] if lines else []
    )


def _activations(page: Page, outputs: list[Picture]) -> list[Html]:
    shown = page.figures(outputs, small=True)
    return [tag("h3", "Outputs of the activations", class_="apart"), shown] if shown else []
