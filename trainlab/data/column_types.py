"""One decision for each column of a table: numbers, categories, dates, an id, or nothing at all.

It depends on the whole column, so the order of the rows does not matter.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from trainlab.core.types import Array
from trainlab.data.dates import are_dates, are_mixed_dates
from trainlab.data.notation import USUAL, Notation, Signs, found_notation, notation_advice, parse_number
from trainlab.data.table import Column, Numbers, Texts, as_texts, code_among

NUMERIC_SHARE = 0.95  # of the cells that are there; then the other cells are errors, whatever they hold
MOST_CODES = 20  # different numbers that may be codes, as in 1, 2, 3, A; more of them are amounts
MOST_CATEGORIES = 50  # a text column with more, and different in every other row, is no category
ROWS_OF_AN_ID = 20  # from so many rows on, a text that is different in each is no category
ACCOUNTING = "set `accounting: true` if a number in parentheses is negative, and one such as `12-`"

_TRUTH = frozenset({"true", "false"})
_INFINITE = frozenset({"inf", "infinity"})

Kind = Literal["number", "category", "date", "id", "missing"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The kind of a column, and the column in this kind: `Numbers` or `Texts`.

    `strays` (n,): cells of a column of numbers that are not numbers; `cure`: the setting that makes them numbers.
    `advice`: why the column cannot be used, and the fix.
    """

    kind: Kind
    column: Column
    notation: Notation = USUAL
    strays: Array | None = None
    advice: str = ""
    cure: str = ""


def decide(column: Column, signs: Signs, *, categorical: bool = False) -> Decision:
    """The kind of the column. `categorical`: the user names it as categories."""
    there = int((~column.missing).sum())
    if not there:
        return Decision("missing", column)
    if categorical:
        return Decision("category", as_texts(column))
    if isinstance(column, Numbers):
        return Decision("number", column)
    if {text.lower() for text in column.known} <= _TRUTH:
        return Decision("number", as_numbers(column, USUAL))
    notation = found_notation(column, signs)
    if notation is not None:
        return Decision("number", as_numbers(column, notation), notation)
    usual = Notation(*signs.pair, negative="()" * signs.accounting)
    if found_notation(column, replace(signs, accounting=True)):  # but not without
        strays = ~np.append(~np.isnan(usual.numbers(column)), True)[column.codes]
        return Decision("number", as_numbers(column, usual), usual, strays, cure=ACCOUNTING)
    if advice := notation_advice(column, signs):
        return Decision("number", column, advice=advice)
    return _mixed(column, usual, there)


def as_numbers(column: Column, notation: Notation) -> Numbers:
    """The column as numbers, nan where a cell is missing or no number."""
    if isinstance(column, Numbers):
        return column
    if {text.lower() for text in column.known} <= _TRUTH:
        return Numbers(np.array([*(float(text.lower() == "true") for text in column.known), np.nan])[column.codes])
    return Numbers(np.append(notation.numbers(column), np.nan)[column.codes])


def notation_notes(what: str, column: Column, notation: Notation) -> list[str]:
    """The note on a column whose numbers are written in another than the usual notation; none for others."""
    if notation == USUAL:
        return []
    known = column.known if isinstance(column, Texts) else ()
    if example := next((text for text in known if notation.negative and "(" in text), None):
        return [f"{what}: numbers in parentheses such as `{example}` are read as negative"]
    example = next((text for text in known if notation.number(text) != parse_number(text)), None)
    return [] if example is None else [f"{what}: `{example}` is read as {notation.number(example):.15g}"]


def code_in(column: Column) -> str:
    """A cell of a column of numbers that may be a code and no amount, such as 02139; empty if there is none."""
    return column.code if isinstance(column, Numbers) else code_among(column.known)


def doubtful_points(column: Column) -> str | None:
    """A number such as 1.234, if those of the column that are not whole have three decimals, as thousands would."""
    if not isinstance(column, Numbers):
        return None
    known = np.unique(np.abs(column.values[~np.isnan(column.values)]))
    parts = known[known % 1 != 0]
    thousandths = np.abs(parts * 1000 - np.round(parts * 1000)) < 1e-6
    shorter = np.abs(parts * 100 - np.round(parts * 100)) < 1e-6
    grouped = len(parts) > 0 and thousandths.all() and shorter.mean() < 0.3 and known.max() < 1000 and parts.min() >= 1
    return f"{parts[~shorter][0]:.3f}" if grouped and not shorter.all() else None


def _mixed(column: Texts, notation: Notation, there: int) -> Decision:
    values, counts = notation.numbers(column), column.counts
    is_number = ~np.isnan(values)
    infinite = np.array([text.lower().lstrip("+-") in _INFINITE for text in column.known])
    share = counts[is_number | infinite].sum() / there
    amounts = len(np.unique(values[is_number])) > MOST_CODES
    if share >= NUMERIC_SHARE or (share >= 0.5 and amounts):
        strays = ~np.append(is_number, True)[column.codes]
        return Decision("number", as_numbers(column, notation), notation, strays)
    if not is_number.any() and (are_dates(column.known) or are_mixed_dates(column.known)):
        return Decision("date", column)
    different = len(column.known)
    if different > max(MOST_CATEGORIES, there // 2) or different == there >= ROWS_OF_AN_ID:
        return Decision("id", column)
    return Decision("category", column)
