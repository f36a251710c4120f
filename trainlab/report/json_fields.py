"""Typed fields of a run folder's small JSON files: a missing field, or one of another type, is empty, not an error."""

import math
from collections.abc import Mapping
from typing import Any, cast

Facts = Mapping[str, Any]


def texts(facts: Facts, key: str) -> list[str]:
    """A list as texts.

    >>> texts({"classes": ["a", 1]}, "classes"), texts({}, "classes")
    (['a', '1'], [])
    """
    return [str(v) for v in _list(facts, key)]


def tables(facts: Facts, key: str) -> list[dict[str, Any]]:
    """The tables of a list; other items are left out."""
    return [cast("dict[str, Any]", v) for v in _list(facts, key) if isinstance(v, dict)]


def table(facts: Facts, key: str) -> dict[str, Any]:
    """A table inside a table.

    >>> table({"rows": {"train": 3}}, "rows"), table({"rows": 3}, "rows")
    ({'train': 3}, {})
    """
    value = facts.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def lists(facts: Facts, key: str) -> list[list[Any]]:
    """The lists of a list: the rows of a matrix."""
    return [cast("list[Any]", v) for v in _list(facts, key) if isinstance(v, list)]


def whole(facts: Facts, key: str) -> list[int]:
    """A list of whole numbers; empty if an item is none."""
    found = _list(facts, key)
    return [int(v) for v in found] if all(isinstance(v, int) for v in found) else []


def numbers(facts: Facts, key: str) -> list[float]:
    """A list of finite numbers; empty if an item is none.

    >>> numbers({"x": [0.5, 1]}, "x"), numbers({"x": [0.5, "nan"]}, "x")
    ([0.5, 1.0], [])
    """
    found = [v for v in _list(facts, key) if isinstance(v, int | float) and math.isfinite(v)]
    return [float(v) for v in found] if len(found) == len(_list(facts, key)) else []


def number(facts: Facts, key: str) -> float | None:
    """A number, or None; a whole number beyond the range of floats is none.

    >>> number({"x": 3}, "x"), number({"x": True}, "x"), number({"x": 10**400}, "x")
    (3.0, None, None)
    """
    value = facts.get(key)
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return None


def _list(facts: Facts, key: str) -> list[Any]:
    value = facts.get(key)
    return cast("list[Any]", value) if isinstance(value, list) else []
