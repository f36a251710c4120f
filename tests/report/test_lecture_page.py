"""The book of the lecture as a real browser shows it."""

from pathlib import Path

import pytest

from trainlab.lecture.book import book, verdicts
from trainlab.lecture.chapter import read_chapters
from trainlab.lecture.running import run_chapter

LECTURE = Path(__file__).parents[2] / "configs/lecture"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The chapters with the most kinds of pictures, in their short form, as a file."""
    root = tmp_path_factory.mktemp("book")
    chapters = read_chapters(LECTURE, ["1", "2", "6"])
    made = [run_chapter(chapter, root, short=True, tell=lambda _: None) for chapter in chapters]
    file = root / "book.html"
    file.write_text(book([(results, verdicts(results)) for results in made]))
    return file


@pytest.mark.parametrize("width", [1280, 375])
def test_every_picture_is_drawn(browser, page, width):
    """All pictures are drawn at their full size, nothing is asked for, nothing is wider than the window, links lead
    somewhere.
    """
    tab = browser.open(page, width=width)
    assert tab.drawn() >= 12
    assert tab.console == []
    assert [r for r in tab.requests if not r.startswith(("data:", "file:"))] == []
    assert tab.ask("document.documentElement.scrollWidth") == width
    shrunk = "s => s.getBoundingClientRect().width < 0.99 * s.viewBox.baseVal.width"  # panels stand below each other
    assert tab.ask(f"[...document.querySelectorAll('.chart svg')].filter({shrunk}).length") == 0
    lost = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1)))"
    assert tab.ask(f"{lost}.length") == 0
    tab.close()
