"""Types and values in plain words, for messages and for the reference: `a whole number of at least 1 or `output``."""

import re
from types import NoneType
from typing import Any, cast

from trainlab.core.component import Component, Settings
from trainlab.core.node import Node
from trainlab.core.place import Choice, Place
from trainlab.core.problem import clipped, listed
from trainlab.core.scalars import MOST

_NOUNS = {int: "whole number", float: "number", str: "text", bytes: "text"}
_LONGEST = 60


def expected(place: Place) -> str:
    """The allowed values of a place, in words.

    >>> from typing import Annotated, Literal
    >>> from pydantic import Field
    >>> expected(Place(Annotated[int, Field(ge=1)] | Literal["output"]))
    'a whole number of at least 1 or `output`'
    """
    return _either([_one(choice) for choice in place.choices()])


def noun(kind: type[Component]) -> str:
    """The name of a kind of component in a sentence.

    >>> class Thing(Component, kind="thing"): ...
    >>> noun(Thing)
    'thing'
    """
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()


def with_article(words: str) -> str:
    """`a` or `an` before a word.

    >>> with_article("init")
    'an init'
    """
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def summary(settings: type[Settings]) -> str:
    """The first sentence of a class's docstring, on one line.

    >>> class Thing(Settings):
    ...     '''Adds one thing
    ...     to another. Rarely useful.'''
    >>> summary(Thing)
    'Adds one thing to another.'
    """
    text = " ".join((settings.__doc__ or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.?!]) (?=[A-Z])", text)[0]


def value(plain: Any) -> str:
    """A value as YAML writes it in one line.

    >>> value(True), value(0.001), value(float("inf")), value({"name": "mlp", "hidden": [64, 32]})
    ('true', '0.001', '.inf', '{name: mlp, hidden: [64, 32]}')
    """
    if isinstance(plain, dict):
        table = cast("dict[str, Any]", plain)
        return f"{{{', '.join(f'{key}: {value(inner)}' for key, inner in table.items())}}}"
    if isinstance(plain, list):
        return f"[{', '.join(map(value, cast('list[Any]', plain)))}]"
    if plain is None:
        return "null"
    if isinstance(plain, bool):
        return str(plain).lower()
    if isinstance(plain, float):
        text = repr(plain)
        return re.sub("^(-?)(inf|nan)$", r"\1.\2", text)
    return str(plain)


def found(node: Node, *, words_allowed: bool = True) -> str:
    """The value in the config, in words. It is called text if a text is not allowed there."""
    if isinstance(node.value, str):
        text = f"`{clipped(node.value, _LONGEST)}`"
        return text if words_allowed else f"the text {text}"
    if (items := node.items) is not None:
        return f"a list of {len(items)}" if items else "an empty list"
    if (table := node.table) is not None:
        return "a table" if table else "an empty table"
    return "nothing (null)" if node.value is None else clipped(value(node.value), _LONGEST)


def _either(parts: list[str]) -> str:
    parts = list(dict.fromkeys(parts))
    return listed([*(p for p in parts if p != "null"), *(["null"] * ("null" in parts))]) or "any value"


def _one(choice: Choice, *, plural: bool = False) -> str:
    if choice.literals:
        return listed([f"`{value(word)}`" for word in choice.literals])
    if choice.annotation is NoneType:
        return "null"
    if choice.annotation is bool:
        return "true or false"
    if choice.annotation in _NOUNS:
        name = _NOUNS[choice.annotation]
        name = f"{name}s" if plural else name if name == "text" else with_article(name)
        return f"{name}{_limits(choice)}"
    if inner := choice.items or choice.values:
        parts = [_one(c, plural=True) for c in inner.choices()]
        kind = ("lists of" if plural else "a list of") if choice.items else ("tables of" if plural else "a table of")
        count = _count(choice)
        return f"{kind} {count}{_either(parts)}"
    if choice.kind:
        return f"{noun(choice.kind)}s" if plural else with_article(noun(choice.kind))
    if choice.settings:
        return "tables of settings" if plural else "a table of settings"
    return "values" if plural else "any value"


def _count(choice: Choice) -> str:
    low, high = choice.limits.get("min_length"), choice.limits.get("max_length")
    if low is not None and low == high:
        return f"{low} "
    low_words = "" if not low else "one or more " if low == 1 else f"at least {low} "
    return f"{low_words}{'and ' if low and high else ''}{f'at most {high} ' if high else ''}"


def _limits(choice: Choice) -> str:
    names = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below", "multiple_of": "in steps of"}
    told = {name: limit for name, limit in choice.limits.items() if (name, limit) != ("le", MOST)}  # nobody wants more
    parts = [f"{words} {value(told[name])}" for name, words in names.items() if name in told]
    if (low := choice.limits.get("min_length")) is not None:
        parts.append("that is not empty" if low == 1 else f"of at least {low} characters")
    if (high := choice.limits.get("max_length")) is not None:
        parts.append(f"of at most {high} characters")
    return f" {' and '.join(parts)}" if parts else ""
