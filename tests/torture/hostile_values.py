"""Values that a reader does not expect, as the text that stands for them in JSON and YAML, and in cells of a CSV file.

Some have no Python value that a writer would accept: a number of 5 000 digits, 1e400, a list 10 000 levels deep. So a
changed document holds marks, and `text_of` writes these values in their places.
"""

import copy
import json
from typing import Any

import numpy as np

RAW = [
    *("null", "true", "false", "0", "-1", "1", "3", "0.5", "-0.0", "1e308", "1e400", "-1e400", "1e-400"),
    *("NaN", "Infinity", "-Infinity", "1" + "0" * 400, "9" * 5000, "18446744073709551616", "-9223372036854775809"),
    *('""', '"x"', '"nan"', '"inf"', '"1"', '"\\u0000"', '"\\ud800"', '"../../etc/passwd"', '"/etc/passwd"'),
    *('"' + "a" * 100_000 + '"', '"<script>alert(1)</script>"', '"\\u001b[31m"', '"2024-13-45T99:99"'),
    *("[]", "{}", "[[]]", "[null]", '{"": null}', "[1, [2], {}]", '[["a", 1]]', '{"name": 5}', '{"name": "none"}'),
    *("[" * 10_000 + "]" * 10_000, "[" * 30 + "]" * 30, "[" + "0," * 20_000 + "0]", "", "}", "1_000", "0x10", "٣"),
]
CELLS = [
    *("", "x", "nan", "inf", "-inf", "1e999", "9" * 5000, "1" + "0" * 400, "-1", "1_000", "٣", " 5", "0x10", "1e400"),
    *('"', '""', '"a,b"', "\x00", "true", "null", "1,2", "\ud800", "é", "a" * 200_000, "0", "-0.0", "1e308", "[1]"),
]
_MARK = "@@hostile@@"


def changed(value: Any, rng: np.random.Generator) -> tuple[Any, str]:
    """A copy of plain data with one part changed, and the raw text that stands for the mark in it."""
    made = copy.deepcopy(value)
    parts = [(holder, key) for holder, key in _parts(made) if not (isinstance(holder, list) and rng.random() < 0.5)]
    if not parts:
        return _MARK, str(rng.choice(RAW))
    holder, key = parts[int(rng.integers(len(parts)))]
    match int(rng.integers(8)):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[f"{key}x"] = holder.pop(key)
        case 2:
            other, place = parts[int(rng.integers(len(parts)))]
            holder[key] = copy.deepcopy(other[place])
        case 3:
            holder[key] = [holder[key]]
        case 4 if isinstance(holder[key], str):
            holder[key] = holder[key][: len(holder[key]) // 2]
        case 5 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
            holder[key] = holder[key] * int(rng.choice([-1, 0, 2, 10**12]))
        case _:
            holder[key] = _MARK
    return made, RAW[int(rng.integers(len(RAW)))]


def text_of(made: Any, raw: str, *, indent: int | None = None) -> str:
    """Plain data as JSON, which YAML is, too, with the raw text in the place of the mark."""
    return json.dumps(made, indent=indent).replace(json.dumps(_MARK), raw)


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """Every place in plain data: the list or table, and the index or key."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += [(value, key), *_parts(inner)]
    return found
