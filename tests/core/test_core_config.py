"""Reading a config: spellings, `extends`, overrides, plain data, and what is found later."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toybox import Room

from trainlab.core.component import plain
from trainlab.core.config import Document, override, read, read_plain
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file into the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "room.yaml") -> Path:
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def room(write: Write, text: str, *overrides: str) -> dict[str, Any]:
    """The settings of a room with this text, every default written out."""
    return plain(read(Room, write(text), overrides).value)


def wrong(write: Write, text: str, *overrides: str) -> str:
    """What a user is told of a room with this text."""
    with pytest.raises(ConfigError) as caught:
        read(Room, write(text), overrides)
    return str(caught.value)


@pytest.mark.parametrize(
    "spelling",
    [
        "- ball",
        "- ball:",
        "- ball: 0.2",
        "- ball: {}",
        "- ball: {size: 0.2}",
        "- {name: ball}",
        "- {name: ball, size: 0.2}",
    ],
)
def test_spellings(write: Write, spelling: str) -> None:
    """A name, a name and a first value, a name and its settings: they mean the same."""
    got = room(write, f"children: 1\ntoys:\n{spelling}\n")
    assert got["toys"] == [{"name": "ball", "colour": "red", "size": 0.2, "bounce": None}]


def test_raw_has_one_spelling(write: Write) -> None:
    """The document's plain data holds what was written, components in the long spelling."""
    document = read(Room, write("children: 1\ntoys: [teddy, train_set: {cars: 2, driver: {ball: 1}}]\n"))
    assert document.raw == {
        "children": 1,
        "toys": [{"name": "teddy"}, {"name": "train_set", "cars": 2, "driver": {"name": "ball", "size": 1}}],
    }


def test_words_beside_components(write: Write) -> None:
    """A listed word wins over a component, null stays null."""
    got = room(write, "children: 1\nbest: any\ndoll: null\nvolume: off\n")
    assert (got["best"], got["doll"], got["volume"]) == ("any", None, "off")
    assert room(write, "children: 1\nbest: teddy\n")["best"] == {"name": "teddy", "colour": "red"}


def test_one_of_two_kinds(write: Write) -> None:
    """Where two kinds may stand, the name says which."""
    assert room(write, "children: 1\nhand: {hammer: 2}\n")["hand"] == {"name": "hammer", "weight": 2}
    assert room(write, "children: 1\nhand: {ball: 2}\n", "hand.bounce=1")["hand"]["bounce"] == 1


# --- extends


def test_extends_merges(write: Write) -> None:
    """Tables are merged over the other file's, lists and scalars replace, components with the same name are merged."""
    write(
        "children: 1\nbox: {width: 2.0, label: a}\ntoys: [ball]\nbest: {name: ball, size: 1, bounce: 3}\n", "base.yaml"
    )
    text = "extends: base.yaml\nbox: {label: b}\ntoys: [teddy]\nbest: {ball: {bounce: 4}}\n"
    got = read(Room, write(text)).raw
    assert got == {
        "children": 1,
        "box": {"width": 2.0, "label": "b"},
        "toys": [{"name": "teddy"}],
        "best": {"name": "ball", "size": 1, "bounce": 4},
    }


@pytest.mark.parametrize("spelling", ["teddy", "{teddy: {colour: blue}}", "{name: teddy, colour: blue}"])
def test_extends_with_another_component(write: Write, spelling: str) -> None:
    """A component with another name replaces the old one whole, in all spellings."""
    write("children: 1\nbest: {ball: {size: 1, colour: green}}\n", "base.yaml")
    got = read(Room, write(f"extends: base.yaml\nbest: {spelling}\n")).value.best
    assert plain(got) == {"name": "teddy", "colour": "red" if spelling == "teddy" else "blue"}


def test_extends_with_settings_alone(write: Write) -> None:
    """Settings without a name change the component of the other file, which may be written in any spelling."""
    write("children: 1\nbest: {ball: 1}\ndoll: {train_set: {cars: 2, driver: {ball: 3}}}\n", "base.yaml")
    got = read(Room, write("extends: base.yaml\nbest: {bounce: 2}\ndoll: {driver: {ball: 4}}\n")).raw
    assert got["best"] == {"name": "ball", "size": 1, "bounce": 2}
    assert got["doll"] == {"name": "train_set", "cars": 2, "driver": {"name": "ball", "size": 4}}


def test_the_name_of_the_whole_is_no_component(write: Write) -> None:
    """A config with another name of its own is still merged."""
    write("name: a\nchildren: 4\n", "base.yaml")
    assert read(Room, write("extends: base.yaml\nname: b\n")).raw == {"name": "b", "children": 4}


def test_extends_in_a_chain_and_relative(write: Write) -> None:
    """A file is looked for beside the file that names it."""
    write("children: 1\nname: a\nvolume: 3\n", "shared/one.yaml")
    write("extends: one.yaml\nname: b\n", "shared/two.yaml")
    assert room(write, "extends: shared/two.yaml\nchildren: 2\n")["volume"] == 3


def test_errors_in_the_other_file_point_there(write: Write) -> None:
    """A wrong value from the file that is extended is quoted from that file."""
    write("children: x\nbox: {widht: 1}\n", "shared/base.yaml")
    assert wrong(write, "extends: shared/base.yaml\nbox: {lid: 3}\n") == (
        "shared/base.yaml:1:11: children: expected a whole number of at least 0, got the text `x`\n"
        "    1 | children: x\n"
        "      |           ^\n"
        "shared/base.yaml:2:7: box.widht: unknown key; did you mean `width`?\n"
        "    2 | box: {widht: 1}\n"
        "      |       ^^^^^\n"
        "room.yaml:2:12: box.lid: expected true or false, got 3\n"
        "    2 | box: {lid: 3}\n"
        "      |            ^\n"
        "3 problems"
    )


def test_circle(write: Write) -> None:
    """Files that extend each other are told so, with the way around."""
    write("extends: room.yaml\n", "b.yaml")
    assert wrong(write, "extends: b.yaml\n") == (
        "b.yaml:1:10: extends: the files extend each other in a circle: room.yaml -> b.yaml -> room.yaml\n"
        "    1 | extends: room.yaml\n"
        "      |          ^^^^^^^^^\n"
        "1 problem"
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("bsae.yaml", "bsae.yaml: no such file; did you mean `base.yaml`?"),
        (".", ".: is a folder; expected a YAML file"),
        ("3", "expected the name of a file, got 3"),
        ('"a\\0b"', "expected the name of a file, got `a\\x00b`"),
        ("a" * 300, "a" * 99 + "…" + "a" * 99 + ": cannot be read: File name too long"),
        ("[a.yaml]", "expected the name of a file, got a list of 1"),
    ],
)
def test_extends_nothing(write: Write, value: str, message: str) -> None:
    """What cannot be extended is told at the name."""
    write("children: 1\n", "base.yaml")
    line = f"extends: {value}"
    got = wrong(write, f"{line}\n").splitlines()
    assert got[0] == f"room.yaml:1:10: extends: {message}"
    assert got[-1] == "1 problem"


# --- files


def test_no_such_file(write: Write) -> None:
    """A file that does not exist is answered with the one that was probably meant."""
    write("children: 1\n")
    with pytest.raises(UserError) as caught:
        read(Room, "rooom.yaml")
    assert str(caught.value) == "rooom.yaml: no such file; did you mean `room.yaml`?\n1 problem"


def test_folder(tmp_path: Path) -> None:
    """A folder is no config."""
    with pytest.raises(ConfigError) as caught:
        read(Room, tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a folder; expected a YAML file\n1 problem"


# --- overrides


@pytest.mark.parametrize(
    ("text", "argument", "path", "want"),
    [
        ("children: 1", "children=2", ("children",), 2),
        ("children: 1", "box.width=5e-1", ("box", "width"), 0.5),
        ("children: 1", "box.sizes=[1, 2]", ("box", "sizes"), [1, 2]),
        ("children: 1\nbox: {sizes: [1, 2, 3]}", "box.sizes.1=9", ("box", "sizes"), [1, 9, 3]),
        ("children: 1", "spare.lid=false", ("spare", "lid"), False),
        ("children: 1\nspare: null", "spare.lid=false", ("spare", "lid"), False),
        ("children: 1", "best=teddy", ("best", "name"), "teddy"),
        ("children: 1", "name=", ("doll",), None),
        ("children: 1", "prices={a: 1}", ("prices",), {"a": 1.0}),
        ("children: 1", "prices.b=2", ("prices",), {"b": 2.0}),
        ("children: 1\nprices: {x.y: 1}", "prices.x.y=2", ("prices",), {"x.y": 2.0}),
    ],
)
def test_override(write: Write, text: str, argument: str, path: tuple[str, ...], want: Any) -> None:
    """`key=value` sets a value at a dotted path; blocks that are not there are begun from the defaults."""
    if argument == "name=":
        argument = "doll="
    got: Any = room(write, text, argument)
    for key in path:
        got = got[key]
    assert got == want


@pytest.mark.parametrize("spelling", ["ball", "{ball: 1}", "{ball: {size: 1}}", "{name: ball, size: 1}"])
def test_override_through_every_spelling(write: Write, spelling: str) -> None:
    """A path into a component works whatever its spelling, in lists, too."""
    text = f"children: 1\nbest: {spelling}\ntoys: [teddy, {spelling}]\n"
    got = room(write, text, "best.size=3", "toys.1.bounce=4")
    assert got["best"]["size"] == 3
    assert got["toys"][1] == {"name": "ball", "colour": "red", "size": 0.2 if spelling == "ball" else 1, "bounce": 4}


def test_override_of_a_name_keeps_what_fits(write: Write) -> None:
    """Another component keeps those settings that it has, too; a whole new component keeps none."""
    text = "children: 1\nbest: {name: ball, colour: blue, size: 1}\n"
    assert room(write, text, "best.name=teddy")["best"] == {"name": "teddy", "colour": "blue"}
    assert room(write, text, "best=teddy")["best"] == {"name": "teddy", "colour": "red"}


def test_override_of_a_word_by_a_component(write: Write) -> None:
    """Where a word stands for no component, the name comes first."""
    got = room(write, "children: 1\n", "best.name=ball", "best.size=2")
    assert got["best"] == {"name": "ball", "colour": "red", "size": 2, "bounce": None}


@pytest.mark.parametrize(
    ("argument", "column", "width", "message"),
    [
        ("box.widht=1", 5, 5, "box.widht: unknown key; did you mean `width`?"),
        ("box.width=3", 11, 1, "box.width: expected a number above 0 and of at most 2, got 3"),
        ("children=two", 10, 3, "children: expected a whole number of at least 0, got the text `two`"),
        ("children.x=2", 10, 1, "children.x: `children` is 1 and has no settings"),
        ("best.size=2", 6, 4, "best.size: `best` is `any`; choose one first: `best.name=...`"),
        ("toys.0.size=2", 6, 1, "toys.0: no such item; `toys` is an empty list"),
        ("box.sizes.1=2", 11, 1, "box.sizes.1: no such item; `box.sizes` has only item 0"),
        ("best={ball: x}", 13, 1, "best.size: expected a number above 0, got the text `x`"),
        ("box.sizes=[1", 11, 1, "not valid YAML: a `[` that is never closed, or a missing comma"),
        ("children", 1, 8, "expected `key=value`, for example `optimizer.lr=3e-4`"),
        ("box..width=1", 1, 10, "expected `key=value`, for example `optimizer.lr=3e-4`"),
        ("=1", 1, 1, "expected `key=value`, for example `optimizer.lr=3e-4`"),
    ],
)
def test_errors_of_an_override(write: Write, argument: str, column: int, width: int, message: str) -> None:
    """What is wrong with an override points at the argument."""
    got = wrong(write, "children: 1\nbox: {sizes: [4]}\n" if "sizes.1" in argument else "children: 1\n", argument)
    assert got == (
        f'command line: "{argument}":1:{column}: {message}\n'
        f"    1 | {argument}\n"
        f"      | {' ' * (column - 1)}{'^' * width}\n"
        "1 problem"
    )


def test_problems_of_file_and_arguments_together(write: Write) -> None:
    """The file's problems and those of all arguments are told at once."""
    got = wrong(write, "children: x\n", "box.lid=3", "nam=x", "volume")
    assert [line.split(": ")[0] for line in got.splitlines() if line[0] not in " 4"] == [
        "room.yaml:1:11",
        "command line",
        "command line",
        "command line",
    ]
    assert got.endswith("4 problems")


def test_an_argument_that_is_not_utf8(write: Write) -> None:
    """Bytes of the command line that are no text are told so."""
    got = wrong(write, "children: 1\n", "\udcff=1")
    assert got.splitlines()[0] == 'command line: "\\udcff=1":1:1: the argument is not valid UTF-8'


# --- plain data


def test_plain_data() -> None:
    """Plain data is read like a file; its problems name the source and the path."""
    assert read_plain(Room, {"children": 1, "toys": ["ball", {"ball": 2}]}, "here").raw["toys"] == [
        {"name": "ball"},
        {"name": "ball", "size": 2},
    ]
    with pytest.raises(ConfigError) as caught:
        read_plain(Room, {"children": "x", "box": {"widht": 1}}, "trial 3")
    assert str(caught.value) == (
        "trial 3: children: expected a whole number of at least 0, got the text `x`\n"
        "trial 3: box.widht: unknown key; did you mean `width`?\n"
        "2 problems"
    )


def test_override_of_plain_data() -> None:
    """Values are set in plain data by their paths; the data itself is left as it was."""
    raw = {"children": 1, "best": {"ball": 1}, "toys": ["teddy"]}
    got = override(raw, {"best.bounce": 2, "toys.0.colour": "blue", "box.width": 2.0, "children": 3}, Room)
    assert got == {
        "children": 3,
        "best": {"name": "ball", "size": 1, "bounce": 2},
        "toys": [{"name": "teddy", "colour": "blue"}],
        "box": {"width": 2.0},
    }
    assert raw == {"children": 1, "best": {"ball": 1}, "toys": ["teddy"]}


def test_override_of_plain_data_that_leads_nowhere() -> None:
    """A path through a number is an error that names it."""
    with pytest.raises(ConfigError) as caught:
        override({"children": 1}, {"children.x": 2}, Room)
    assert str(caught.value) == "override `children.x`: children.x: `children` is 1 and has no settings\n1 problem"


# --- what is found later


@pytest.mark.parametrize(
    ("path", "line", "column", "width"),
    [
        ("toys.0", 3, 5, 4),
        ("toys.1", 4, 5, 9),
        ("toys.1.driver", 4, 35, 4),
        (("toys", 1, "cars"), 4, 23, 1),
        ("toys.2", 5, 12, 4),
        ("toys.2.size", 5, 12, 4),
        ("box", 6, 1, 3),
        ("box.width", 7, 10, 3),
        ("box.lid", 6, 1, 3),
        ("spare.lid", 1, 1, 1),
        ("", 1, 1, 1),
    ],
)
def test_later_findings(write: Write, path: Any, line: int, column: int, width: int) -> None:
    """A later finding points at what was written at its path, or at the nearest part above, through all spellings."""
    toys = "  - ball: 3\n  - train_set: {cars: 3, driver: {ball: 2}}\n  - {name: ball}\n"
    text = f"children: 1\ntoys:\n{toys}box:\n  width: 1.5\n"
    document = read(Room, write(text))
    got = document.problem(path, "found")
    assert (got.line, got.column, got.width, got.message) == (line, column, width, "found")


def test_later_finding_at_the_key_and_as_error(write: Write) -> None:
    """It can point at the key, and be raised."""
    document: Document[Room] = read(Room, write("children: 1\nbox: {width: 1.5}\n"))
    assert document.problem("box.width", "x", key=True).column == 7
    assert str(document.error("box.width", "too wide")) == (
        "room.yaml:2:14: box.width: too wide\n    2 | box: {width: 1.5}\n      |              ^^^\n1 problem"
    )
