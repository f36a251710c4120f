"""Categories of a new file: the place of each cell among those of the training file."""

from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.paths import did_you_mean
from trainlab.data.table import Problems, Table, Texts, as_texts, text_of

ABSENT, RARE = "(missing)", "(rare)"  # categories that stand for missing cells and for pooled categories
FEW_CELLS = 10  # so many may all be unknown categories


def category_codes(table: Table, kept: dict[str, Any], ignore: bool, problems: Problems) -> Array:
    """The index of each cell's category, -1 for none."""
    name, known = kept["name"], kept["categories"]
    column = as_texts(table.columns[name])
    rare = known.index(RARE) if RARE in known else -1
    place = {text_of(text): i for i, text in enumerate(known)} | dict.fromkeys(kept.get("pooled", ()), rare)
    codes = codes_of(column, place, rare if ignore else -1)
    if ignore:
        _refuse_other_spellings(table, name, codes_of(column, place) < 0, list(place), problems)
    codes[column.missing] = known.index(ABSENT) if ABSENT in known else -1
    if not ignore and (codes < 0).any():
        problems.rows(table, name, codes < 0, lambda text: unknown("category", text, known))
        problems.advise(
            "the training file holds no such category; with `unknown: ignore` in `data:` all of its columns are 0"
        )
    return codes


def _refuse_other_spellings(table: Table, name: str, new: Array, known: list[str], problems: Problems) -> None:
    """Unknown categories may be ignored, but not known ones in other letters, nor a whole file of unknown ones."""
    column = as_texts(table.columns[name])
    meant = {text.lower(): text for text in known}
    other = np.array([*(text not in known and text.lower() in meant for text in column.known), False])[column.codes]
    problems.rows(table, name, other, lambda text: f"unknown category `{text}`; did you mean `{meant[text.lower()]}`?")
    there = ~column.missing
    if int(there.sum()) >= FEW_CELLS and new[there].all() and not other.any():
        line = int(table.lines[np.flatnonzero(there)[0]])
        problems.add(line, name, f"none of its cells holds a category of the training file, such as `{known[0]}`")


def codes_of(column: Texts, place: dict[str, int], other: int = -1) -> Array:
    """The place of each cell's text, `other` where it has none, -1 where it is missing."""
    return np.array([*(place.get(text, other) for text in column.known), -1], np.int64)[column.codes]


def unknown(what: str, text: str, known: list[str]) -> str:
    """What is wrong with a cell that holds none of the known texts."""
    if not text:
        return "missing value"
    listed = "; known are " + ", ".join(f"`{k}`" for k in known[:10]) + (", ..." if len(known) > 10 else "")
    return f"unknown {what} `{text}`{did_you_mean(text, known) or listed}"
