"""YAML text as nodes with their places: anchors, merge keys, limits, and what is not valid."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from trainlab.core.node import Node, Source
from trainlab.core.problem import Problem
from trainlab.core.yaml_nodes import LARGEST_FILE, decode, parse


def read(text: str) -> tuple[Any, list[Problem]]:
    """The plain data of a text and its problems."""
    node, problems = parse(Source.of("f.yaml", text))
    return node and node.plain(), problems


def place(node: Node | None) -> tuple[int, int, int]:
    """Line, column and width."""
    assert node is not None
    return node.at.line, node.at.column, node.at.width


def test_places_of_values_and_keys() -> None:
    """Every value and key knows its line, column and width; a block is pointed at by its key."""
    text = "a: 12\nlist: [x, {b: yes}]\nblock:\n  - one\n  - k: v\n"
    node, _ = parse(Source.of("f", text))
    assert node is not None
    assert place(node.child("a")) == (1, 4, 2)
    items = node.child("list")
    assert items is not None
    assert place(items) == (2, 7, 13)
    assert place(items.child(1)) == (2, 11, 8)
    assert (node.keys["block"].line, node.keys["block"].column, node.keys["block"].width) == (3, 1, 5)
    block = node.child("block")
    assert block is not None
    assert place(block) == (3, 1, 5)
    assert place(block.child(0)) == (4, 5, 3)
    assert place(block.child(1)) == (5, 5, 4)
    assert node.child("nothing") is None
    assert block.child(7) is None


def test_anchors_and_merge_keys() -> None:
    """Aliases are the values they name; `<<` brings in tables, the table's own keys first, then the earlier ones."""
    anchors = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\n"
    got, problems = read(f"{anchors}one: {{<<: *base, b: 9}}\ntwo: {{<<: [*base, *more]}}\nx: *base\n")
    assert problems == []
    assert got["one"] == {"a": 1, "b": 9}
    assert got["two"] == {"a": 1, "b": 2, "c": 4}
    assert got["x"] == {"a": 1, "b": 2}


def test_a_merged_value_keeps_its_own_place() -> None:
    """A key that comes in by `<<` is pointed at where it was written."""
    node, _ = parse(Source.of("f", "base: &base\n  a: 1\none:\n  <<: *base\n"))
    assert node is not None
    one = node.child("one")
    assert one is not None
    assert place(one.child("a")) == (2, 6, 1)


def test_merge_key_of_something_else() -> None:
    """`<<` takes tables only."""
    _, problems = read("a: {<<: 3}\n")
    assert [p.message for p in problems] == ["`<<` takes a table or a list of tables"]


def test_quoted_merge_key_is_a_key() -> None:
    """A quoted `<<` is an ordinary key."""
    assert read('a: {"<<": 3}') == ({"a": {"<<": 3}}, [])


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key `a` is written twice, first in line 1", 3, 1),
        ("a: !!int 3\n", "the tag `!!int` is not supported; write the plain value", 1, 4),
        ("a: !x [1]\n", "the tag `!x` is not supported; write the plain value", 1, 4),
        ("null: 3\n", "a key must be text, not null; put it in quotes if it is meant so", 1, 1),
        ("[a]: 3\n", "a key must be text, not a list", 1, 1),
        ("{a: 1}: 3\n", "a key must be text, not a table", 1, 1),
        ("a: &x {b: *x}\n", "`*x` stands inside of what it names", 1, 11),
        ("a: *x\n", "nothing is named `&x` above", 1, 4),
        ("a: @x\n", "not valid YAML: a text that starts like this needs quotes", 1, 4),
        ('a: "\\q"\n', "not valid YAML: an unknown escape in double quotes; single quotes take text as it is", 1, 6),
        ("a: 'x\n", "not valid YAML: a quote that is never closed", 1, 4),
        ("a: {b: 1\nc: 2\n", "not valid YAML: a `{` that is never closed, or a missing comma", 1, 4),
        ("a: b: c\n", "not valid YAML: a `:` too many in one line, or a wrong indent", 1, 5),
        ("a: 1\n- b\n", "not valid YAML: a wrong indent", 2, 1),
        ("a: [1, 2]]\n", "not valid YAML: a `]` too many", 1, 10),
        ("a: *\n", "not valid YAML: a `*` or `&` without a name; a text that starts like this needs quotes", 1, 5),
        ("a: 1\n'b'\n", "not valid YAML: a key without `: value`, or a wrong indent", 2, 1),
        ('a: "b\\"\n', "not valid YAML: a quote that is never closed", 1, 4),
        ("a: - b\n", "not valid YAML: a list item where none can stand, or a wrong indent", 1, 4),
        ("a: !b!c d\n", "not valid YAML: a tag is not supported; write the plain value", 1, 4),
        ("a: ,\n", "not valid YAML: this is not allowed here; a text that starts like this needs quotes", 1, 4),
        ('a: "\\ud800"\n', "an escape stands for half a character; write the character itself", 1, 4),
        ("a: \x07\n", "the character U+0007 is not allowed in YAML", 1, 4),
        ("a: " + "[" * 10_000, "nested more than 40 levels deep", 1, 44),
        ("a: 1\n...\n---\nb: 1\n", "a second document starts here; a config is one document", 3, 1),
    ],
)
def test_problems(text: str, message: str, line: int, column: int) -> None:
    """What cannot be read is a problem at its place, never a traceback."""
    _, problems = read(text)
    assert [(p.message, p.line, p.column) for p in problems] == [(message, line, column)]


def test_deep_nesting_that_pyyaml_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML refuses a nested text before our count does, message and place are the same."""

    def refusing(text: str, Loader: object) -> Iterator[yaml.Event]:
        mark = yaml.Mark("f.yaml", 1000, 1, 995, None, None)
        yield yaml.StreamStartEvent()
        raise yaml.scanner.ScannerError("while increasing the level", mark, "too much", mark)

    monkeypatch.setattr("trainlab.core.yaml_nodes._events", refusing)
    _, problems = read("a:\n " + "[" * 10_000)
    assert [(p.message, p.line, p.column) for p in problems] == [("nested more than 40 levels deep", 2, 42)]


def test_all_problems_of_the_text_at_once() -> None:
    """Reading goes on after a problem that leaves the structure whole."""
    _, problems = read("a: 1\na: 2\n3: x\nb: !x 1\nc: *y\n")
    assert [p.line for p in problems] == [2, 3, 4, 5]


def test_text_tag() -> None:
    """`!!str` says that a word is text."""
    assert read("a: !!str 12\nb: ! 13\n") == ({"a": "12", "b": "13"}, [])


def test_alias_bomb_costs_nothing() -> None:
    """A text that would expand to billions of values is refused before it is expanded."""
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for i in range(20):
        bomb += f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n"
    _, problems = read(bomb)
    assert [p.line for p in problems] == [5]
    assert problems[0].message.startswith("too much for a config")


def test_merge_bomb() -> None:
    """Merge keys are counted like aliases."""
    bomb = "a0: &a0 {k: [1, 1, 1, 1, 1, 1, 1, 1, 1]}\n"
    for i in range(20):
        bomb += f"a{i + 1}: &a{i + 1} {{{', '.join(f'k{j}: {{<<: *a{i}}}' for j in range(9))}}}\n"
    _, problems = read(bomb)
    assert problems[0].message.startswith("too much for a config")


def test_empty() -> None:
    """Nothing, and nothing but comments, has no node."""
    assert read("") == (None, [])
    assert read("# x\n") == (None, [])


def test_byte_order_mark() -> None:
    """A byte order mark is no part of the text."""
    source, problems = decode("f", "\ufeffa: 1\n".encode())
    assert problems == []
    assert source.lines[0] == "a: 1"


def test_not_utf8() -> None:
    """A byte that is not UTF-8 is pointed at."""
    _, (problem,) = decode("f", b"a: 1\nb: \xe9\n")
    assert (problem.line, problem.column) == (2, 4)
    assert problem.message == "byte 0xe9 is not UTF-8; save the file as UTF-8"


def test_utf16() -> None:
    """A file in UTF-16 is told so by its first byte."""
    _, (problem,) = decode("f", "a: 1\n".encode("utf-16"))
    assert problem.message == "byte 0xff is not UTF-8; save the file as UTF-8"


def test_too_large() -> None:
    """More than 1 MiB is no config."""
    _, (problem,) = decode("f", b"#" * (LARGEST_FILE + 1))
    assert problem.message == "larger than 1 MiB; a config is not that large"
    assert decode("f", b"#" * LARGEST_FILE)[1] == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    """Lines are counted whatever ends them."""
    node, _ = parse(Source.of("f", f"a: 1{end}b: 2{end}"))
    assert node is not None
    assert place(node.child("b")) == (2, 4, 1)


def test_fuzz_never_a_traceback() -> None:
    """Any text made of YAML's signs gives nodes or problems that lie inside the text."""
    import random

    rng = random.Random(0)  # noqa: S311 - a test's dice
    signs = [*"[]{},:#|>?%\t\n'1aé\"", "b: ", "- ", "  ", "&x ", "*x", "!t ", "<<: ", "---\n"]
    for _ in range(3000):
        text = "".join(rng.choices(signs, k=rng.randrange(1, 14)))
        source = Source.of("f", text)
        _, problems = parse(source)
        for problem in problems:
            assert 1 <= (problem.line or 0) <= len(source.lines) + 1, text
            assert str(problem)
