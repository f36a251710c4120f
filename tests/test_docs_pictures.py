"""The pictures in docs/ are those that today's pages show; `python docs/pictures.py` makes them anew."""

import importlib.util
from pathlib import Path

import pytest

from trainlab.report.pictures import histograms

ROOT = Path(__file__).resolve().parents[1]
_SPEC = importlib.util.spec_from_file_location("docs_pictures", ROOT / "docs" / "pictures.py")
assert _SPEC is not None
assert _SPEC.loader is not None
pictures = importlib.util.module_from_spec(_SPEC)
__import__("sys").modules["docs_pictures"] = pictures  # where a dataclass looks for its module
_SPEC.loader.exec_module(pictures)


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Small runs, and a sweep."""
    return pictures.examples(tmp_path_factory.mktemp("examples"))


def test_the_pictures_are_current(examples):
    """Nothing that draws them, or that they show, has changed since they were made: else run docs/pictures.py."""
    assert pictures.outdated(pictures.drawing(examples)) == []


def test_a_change_of_the_drawing_is_seen(examples, monkeypatch):
    """Another height of a row, another picture file and another config: each is told."""
    before = pictures.drawing(examples)
    assert pictures.drawing(examples) == before
    monkeypatch.setattr(histograms, "_ROW", 70)
    assert pictures.drawing(examples) != before
    assert len(pictures.outdated("other")) == 1
    monkeypatch.setattr(pictures, "_hash", lambda data: "other")
    assert len(pictures.outdated("other")) == 1 + len(pictures.SHOTS)
