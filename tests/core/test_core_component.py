"""Components: how they are found, named, spelled, written out, and how little that imports."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from toybox import Box, Room, Toy

from trainlab.core.component import brief, find, make, names, plain, registered, spelled, spelled_name
from trainlab.core.config import read_plain
from trainlab.core.describe import kinds
from trainlab.search.experiment import SweepExperiment


def test_find_names_registered() -> None:
    """A component is found by its name, which is its file's name; all of them are listed in order."""
    assert names(Toy) == ["ball", "teddy", "train_set"]
    assert [cls.name for cls in registered(Toy)] == names(Toy)
    found = find(Toy, "train_set")
    assert found is not None
    assert (found.name, found.kind, found.first) == ("train_set", "toy", "cars")


@pytest.mark.parametrize(
    "name", ["", "clown", "class", "..ball", "ball.ball", "Ball", "_ball", "train-set", "os", "ball\n"]
)
def test_find_nothing(name: str) -> None:
    """A name that no component has finds nothing and imports nothing else."""
    assert find(Toy, name) is None


def test_every_file_is_a_component() -> None:
    """In every room of every kind each file holds the component that is called like it."""
    for kind in kinds(SweepExperiment):
        assert names(kind) == [cls.name for cls in registered(kind)], kind


def test_no_first_setting_is_inherited_by_accident() -> None:
    """A component without settings of its own takes no value behind its name."""
    teddy = find(Toy, "teddy")
    assert teddy is not None
    assert teddy.first == ""


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("ball", ("ball", {})),
        ({"ball": 3}, ("ball", 3)),
        ({"ball": None}, ("ball", {})),
        ({"ball": {"size": 3}}, ("ball", {"size": 3})),
        ({"name": "ball", "size": 3}, ("ball", {"size": 3})),
        ({"name": "ball"}, ("ball", {})),
    ],
)
def test_spelled(value: Any, want: Any) -> None:
    """The three spellings give a name and settings."""
    assert spelled(value) == want
    assert spelled_name(value) == want[0]


@pytest.mark.parametrize("value", [None, 3, [], ["ball"], {}, {"name": 3}, {"a": 1, "b": 2}, {"name": None}])
def test_not_spelled(value: Any) -> None:
    """Anything else names no component."""
    assert spelled_name(value) is None


def test_read_by_pydantic_alone() -> None:
    """The classes read all three spellings without the config reader, too."""
    room = Room.model_validate({"children": 1, "toys": ["teddy", {"ball": 2.0}, {"name": "ball", "size": 2.0}]})
    assert room.toys[1] == room.toys[2]
    with pytest.raises(ValidationError) as caught:
        Room.model_validate({"children": 1, "toys": [{"ball": {"siz": 2}}]})
    assert caught.value.errors()[0]["loc"] == ("toys", 0, "siz")


def test_plain_and_brief() -> None:
    """Plain data has every default written out; brief data only what was chosen."""
    room = Room(children=2, toys=[make(Toy, "ball", size=3)], spare=Box(lid=False))
    assert brief(room) == {"children": 2, "toys": [{"name": "ball", "size": 3}], "spare": {"lid": False}}
    got = plain(room)
    assert got["toys"] == [{"name": "ball", "colour": "red", "size": 3, "bounce": None}]
    assert got["box"] == {"width": 1.0, "label": "", "lid": True, "sizes": [1]}
    assert plain({"a": (1, (2,)), "b": float("inf")}) == {"a": [1, [2]], "b": float("inf")}
    assert read_plain(Room, got, "again").value == room


def test_every_default_can_be_read_again() -> None:
    """A resolved config means the same as the one it came from."""
    value = read_plain(SweepExperiment, {"data": "digits", "monitors": {"overfitting": {}}}, "test").value
    assert read_plain(SweepExperiment, plain(value), "again").value == value


def test_make_of_nothing() -> None:
    """Asking for a component that does not exist is an error of the program."""
    with pytest.raises(LookupError):
        make(Toy, "clown")


def _imported(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\nprint(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return set(done.stdout.split())


def test_the_reader_imports_no_numpy() -> None:
    """Reading configs needs pydantic and yaml, no numerical library."""
    heavy = {"numpy", "pandas", "sklearn", "scipy", "rich", "typer"}
    assert not _imported("import trainlab.core.config, trainlab.core.schema, trainlab.core.describe") & heavy


def test_only_what_is_named_is_imported() -> None:
    """A config imports the components that it names, and no others of their kind."""
    program = (
        "from trainlab.core.config import read_plain\n"
        "from trainlab.search.experiment import SweepExperiment\n"
        "read_plain(SweepExperiment, {'data': 'iris', 'optimizer': {'rmsprop': 0.1}}, 'x')"
    )
    modules = _imported(program)
    assert {"trainlab.optim.optimizers.rmsprop", "trainlab.data.sources.iris"} <= modules
    assert not modules & {"trainlab.optim.optimizers.sgd", "trainlab.data.sources.wine", "sklearn", "pandas"}
