"""What unquoted YAML words mean, and that written configs mean the same when they are read again."""

import math
from typing import Any

import pytest

from trainlab.core.dump import dump
from trainlab.core.node import Source
from trainlab.core.scalars import advice, resolve
from trainlab.core.yaml_nodes import parse

WORDS: dict[str, Any] = {
    "1e-3": 0.001,
    "1E5": 100000.0,
    "1e3": 1000.0,
    "-1.5e+2": -150.0,
    ".5": 0.5,
    "5.": 5.0,
    "-.inf": -math.inf,
    ".inf": math.inf,
    "0": 0,
    "-7": -7,
    "+7": 7,
    "0o17": 15,
    "0x1F": 31,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
}
TEXTS = [
    "no",
    "on",
    "off",
    "yes",
    "y",
    "012",
    "007",
    "1_000",
    "12:30",
    "2024-01-01",
    "1e",
    "e3",
    ".",
    "-",
    "nan",
    "inf",
]
TEXTS += ["0b1", "0o8", "1.2.3", "1e-3x", "tRUE", "NULL_", "9" * 5000]


@pytest.mark.parametrize(("word", "want"), WORDS.items())
def test_values(word: str, want: Any) -> None:
    """Numbers are YAML 1.2's, and only true, false and null are words with a meaning."""
    got = resolve(word)
    assert (got, type(got)) == (want, type(want))


def test_not_a_number() -> None:
    """.nan is the float that is not a number."""
    got = resolve(".nan")
    assert isinstance(got, float)
    assert math.isnan(got)


@pytest.mark.parametrize("word", TEXTS)
def test_texts(word: str) -> None:
    """Everything else is text: what YAML 1.1 takes for booleans, octals, times and dates, too."""
    assert resolve(word) == word


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("012", "a number does not start with 0: write 12"),
        ("-00.5", ""),
        ("1_000", "write 1000"),
        ("1,5", "a decimal point is a dot: write 1.5"),
        ("5", "write it without quotes"),
        ("1e-3x", ""),
        ("ten", ""),
    ],
)
def test_advice(text: str, want: str) -> None:
    """A text that was probably meant as a number comes with what to write instead."""
    assert advice(text) == want


@pytest.mark.parametrize(
    "value",
    [
        *[word for word in [*WORDS, *TEXTS[:-1]] if word],
        *[v for v in WORDS.values() if v is not None],
        1e-5,
        1e20,
        1e16,
        123456789012345678901234567890,
        "a: b",
        "- a",
        "# no comment",
        "two\nlines\n",
        " spaces ",
        "tab\there",
        "\x1b[2J",
        "è 訓練 \u202e",
        "&a",
        "*a",
        "!tag",
        "%x",
        "@x",
        "`x`",
        "'",
        '"',
        "<<",
        "=",
        [],
        {},
        [[1, 2], []],
        {"a": {"b": None}, "no": ["on", 1e-3]},
        "x" * 300,
    ],
)
def test_round_trip(value: Any) -> None:
    """What is written as YAML is read back as the same value of the same type."""
    node, problems = parse(Source.of("f", dump({"key": value, "list": [value]})))
    assert problems == []
    assert node is not None
    assert node.plain() == {"key": value, "list": [value]}
    assert type(node.plain()["key"]) is type(value)
