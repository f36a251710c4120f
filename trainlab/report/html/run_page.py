"""The page of one run."""

from trainlab.report.html.page import Page, join, tag
from trainlab.report.pictures import gallery
from trainlab.report.verdict import verdict
from trainlab.store.reading import RunRecord


def run_page(record: RunRecord, *, script: str = "", connect: bool = False) -> str:
    """One run as a page: verdict, diagnoses with their evidence, curves, layers, mistakes, data and config."""
    page = Page(record.name)
    page.section("learning", "Learning", page.figures(gallery.of_run(record)))
    head = join(tag("h1", record.name), tag("p", verdict(record), class_="verdict"))
    return page.html(head, script=script, connect=connect)
