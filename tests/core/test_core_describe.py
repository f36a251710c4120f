"""Help and reference, from the classes alone."""

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from toybox import Box, Room, Tool, Toy

from trainlab.core.component import find, registered
from trainlab.core.describe import blocks, describe, kinds
from trainlab.core.place import Place
from trainlab.core.reference import reference
from trainlab.core.words import expected
from trainlab.search.experiment import SweepExperiment


def test_page_of_a_component() -> None:
    """The page holds name, kind, docstring without its examples, and every setting."""
    ball = find(Toy, "ball")
    assert ball is not None
    page = describe(ball).as_dict()
    assert (page["kind"], page["name"], page["summary"], page["first"]) == ("toy", "ball", "Rolls and bounces.", "size")
    assert page["text"] == "Rolls and bounces.\n\nOver the whole floor."
    assert page["settings"][1] == {
        "name": "size",
        "type": "a number above 0",
        "required": False,
        "default": 0.2,
        "limits": {"gt": 0},
        "help": "its diameter",
        "search": {"log": [0.1, 1.0]},
    }
    assert [setting["name"] for setting in page["settings"]] == ["colour", "size", "bounce"]


def test_page_of_a_block() -> None:
    """A block of settings has a page, too."""
    page = describe(Box)
    assert (page.kind, page.name, page.summary) == ("", "Box", "Where the toys are kept.")


@pytest.mark.parametrize(
    ("annotation", "want"),
    [
        (int, "a whole number"),
        (Annotated[float, Field(ge=0, lt=1)], "a number of at least 0 and below 1"),
        (Annotated[str, Field(min_length=1)], "text that is not empty"),
        (
            Annotated[str, Field(min_length=2, max_length=3)],
            "text of at least 2 characters and of at most 3 characters",
        ),
        (float | None, "a number or null"),
        (bool | None | int, "true or false, a whole number or null"),
        (Literal["a", "b", 3], "`a`, `b` or `3`"),
        (list[Annotated[int, Field(ge=1)]], "a list of whole numbers of at least 1"),
        (Annotated[list[float], Field(min_length=2, max_length=2)], "a list of 2 numbers"),
        (Annotated[list[str], Field(min_length=1, max_length=3)], "a list of one or more and at most 3 texts"),
        (dict[str, list[int]], "a table of lists of whole numbers"),
        (list[Toy] | None, "a list of toys or null"),
        (Toy | Literal["auto"], "a toy or `auto`"),
        (list[Box], "a list of tables of settings"),
        (Any, "any value"),
        (list[Any], "a list of values"),
    ],
)
def test_types_in_words(annotation: Any, want: str) -> None:
    """Every type that a setting can have is said in plain words."""
    assert expected(Place(annotation)) == want


def test_kinds_and_blocks() -> None:
    """Kinds and blocks are found by walking the settings, components in components included."""
    assert kinds(Room) == [Toy, Tool]
    assert [path for path, _ in blocks(Room)] == ["", "box", "spare"]
    names = [kind.kind for kind in kinds(SweepExperiment)]
    assert {"data", "preprocess", "model", "layer", "activation", "init", "loss", "optimizer", "schedule"} <= set(names)
    assert "monitor" in names
    assert len(names) == len(set(names))


def test_every_component_has_help() -> None:
    """Every component and each of its settings says what it is, in a form that JSON can hold."""
    for kind in kinds(SweepExperiment):
        assert describe(kind).summary.endswith("."), kind
        for component in registered(kind):
            page = describe(component)
            assert page.summary, component
            assert page.summary != describe(kind).summary, component
            assert all(setting.help for setting in page.settings), component
            json.dumps(page.as_dict(), allow_nan=False)


def test_reference() -> None:
    """The reference names every block, kind, component and setting, and is the same every time."""
    pages = reference(Room)
    assert pages == reference(Room)
    assert {"# Settings", "## The whole file", "## `box`"} <= {*pages["config.md"].splitlines()}
    lines = pages["settings/toy.md"].splitlines()
    assert {"# toy", "## ball", "## teddy", "## train_set"} <= {*lines}
    assert "[`ball`](settings/toy.md#ball)" in pages["config.md"]
    lines += pages["config.md"].splitlines()
    assert "| **`size`** | a number above 0 | `0.2` | its diameter |" in lines
    assert "| `children` | a whole number of at least 0 | must be given | how many play |" in lines
    assert "| `colour` | `red`, `green` or `blue` | `red` | what it is painted with |" in lines
    assert lines.count("| `colour` | `red`, `green` or `blue` | `red` | what it is painted with |") == 1
