"""How a problem is printed: the caret under the token whatever the line holds, and nothing that a terminal obeys."""

import unicodedata

import pytest

from trainlab.core.node import Source, Span
from trainlab.core.problem import ConfigError, Problem, nearest, visible


def printed(line: str, column: int, width: int) -> tuple[str, str]:
    """The quoted line and the carets of a problem."""
    problem = Problem.at(Span(Source.of("f", line), 1, column, width), "a.b", "wrong")
    head, text, carets = str(problem).split("\n")
    assert head == f"f:1:{column}: a.b: wrong"
    return text, carets


def cells(text: str) -> int:
    """Columns of a terminal that a text fills."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_the_style_of_the_contract() -> None:
    """File, line, column, path and message; the quoted line; carets under the whole token."""
    source = Source.of("configs/digits.yaml", "\n" * 13 + "  learning_rate: 1e-3\n")
    problem = Problem.at(Span(source, 14, 3, 13), "optimizer.learning_rate", "unknown key; did you mean `lr`?")
    assert str(problem) == (
        "configs/digits.yaml:14:3: optimizer.learning_rate: unknown key; did you mean `lr`?\n"
        "   14 |   learning_rate: 1e-3\n"
        "      |   ^^^^^^^^^^^^^"
    )


@pytest.mark.parametrize(
    ("line", "token"),
    [
        ("a: x", "x"),
        ("\ta:\t\tx", "x"),
        ("訓練: {名前: 値}", "値"),
        ("訓練: 名前", "名前"),
        ("e\u0301te\u0301: x", "x"),
        ("a: \u202ex: y", "y"),
        ("\x1b[31m: z", "z"),
        ("a: 😀, b", "b"),
    ],
)
def test_caret_stands_under_the_token(line: str, token: str) -> None:
    """Tabs, wide, combining and control characters before the token do not move the caret away."""
    text, carets = printed(line, line.index(token) + 1, len(token))
    before, mark = carets[: carets.index("^")], carets[carets.index("^") :]
    assert cells(before) == cells(text[: text.index(token)])
    assert len(mark) == cells(token)


@pytest.mark.parametrize("column", [1, 40, 99, 100, 101, 300, 596, 600])
def test_long_lines_are_clipped_around_the_caret(column: int) -> None:
    """Of a long line the part around the token is shown, marked where it was cut."""
    line = "".join(chr(ord("a") + i % 26) for i in range(599)) + "X"
    text, carets = printed(line, column, 1)
    shown = text.removeprefix("    1 | ")
    assert len(shown) <= 152
    assert shown.strip("…") in line
    assert text[carets.index("^")] == line[column - 1]
    assert shown.startswith("…") == (not line.startswith(shown.strip("…")))
    assert shown.endswith("…") == (not line.endswith(shown.strip("…")))


def test_a_token_longer_than_the_screen() -> None:
    """A token that is clipped has carets as far as it is shown."""
    text, carets = printed("a: " + "x" * 500, 4, 500)
    assert len(carets) <= len(text) <= 160


def test_nothing_reaches_the_terminal() -> None:
    """Control characters of file names, keys, values and lines are written as escapes."""
    source = Source.of("f\x1b[2J.yaml", 'a: "\x9b31m\u2028"\x00')
    problem = Problem.at(Span(source, 1, 1, 1), "a\x1b]0;x\x07", "got `\x1b[31m\r\n`")
    assert all(char == "\n" or unicodedata.category(char)[0] != "C" for char in str(problem))
    assert r"f\x1b[2J.yaml:1:1: a\x1b]0;x\x07: got `\x1b[31m\x0d\x0a`" in str(problem)
    assert visible("\u202e\U000e0001") == r"\u202e\U000e0001"


def test_plain_sources_have_no_line() -> None:
    """What does not come from a text is told without a place in it."""
    problem = Problem.at(Source("trial 3").whole, "optimizer.lr", "too large")
    assert str(problem) == "trial 3: optimizer.lr: too large"
    assert (problem.line, problem.column) == (None, None)


def test_as_data() -> None:
    """A problem as JSON has the same parts."""
    span = Span(Source.of("f", "a: rellu"), 1, 4, 5)
    problem = Problem.at(span, "a", "unknown", allowed=["relu", "tanh"], nearest="relu")
    assert problem.as_dict() == {
        "file": "f",
        "line": 1,
        "column": 4,
        "end_column": 9,
        "path": "a",
        "message": "unknown",
        "allowed": ["relu", "tanh"],
        "nearest": "relu",
    }


def test_order_and_count() -> None:
    """Problems are told by place, each once, with their number in the last line."""
    one, two = Source.of("one", "a: 1\nb: 2"), Source.of("two", "a: 1")
    first, second = Problem.at(Span(one, 1, 1, 1), "a", "x"), Problem.at(Span(one, 2, 1, 1), "b", "y")
    other = Problem.at(Span(two, 1, 1, 1), "a", "z")
    error = ConfigError([second, other, first, second])
    assert error.problems == (first, second, other)
    assert str(error).splitlines()[-1] == "3 problems"


def test_a_wrong_text_comes_before_what_follows_from_it() -> None:
    """Where the text itself is wrong nothing else is said of the same place."""
    span = Span(Source.of("f", "a: *x"), 1, 4, 2)
    text, value = Problem.at(span, "", "nothing is named `&x`"), Problem.at(span, "a", "expected text")
    assert ConfigError([text, value]).problems == (text,)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("learning_rat", "learning_rate"),
        ("Learning-Rate", "learning_rate"),
        ("dead_relu", "dead-relu"),
        ("early", "early_stopping"),
        ("rate_learning", "learning_rate"),
        ("xyz", None),
        ("", None),
    ],
)
def test_nearest(name: str, want: str | None) -> None:
    """A name spelled alike, or the only one with the same words, is what was meant."""
    assert nearest(name, ["learning_rate", "dead-relu", "early_stopping"]) == want
