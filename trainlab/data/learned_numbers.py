"""Numbers of a new file, read in the notation of the training file, or in another one if only that is possible."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.column_types import Decision, as_numbers, decide, doubtful_points
from trainlab.data.notation import Notation, Signs, found_notation, may_be_groups, several_units
from trainlab.data.table import Problems, Table, Texts

CORRECT = "these columns held numbers in the training file: correct the cells or remove their rows"


def learned_numbers(table: Table, name: str, notation: Notation, encoding: dict[str, Any], problems: Problems) -> Array:
    """The numbers of a column (n,), nan where a cell is missing, and where it is none or may be another number: these
    become problems.
    """
    column = table.columns[name]
    values = as_numbers(column, notation).values
    if not isinstance(column, Texts):
        return values
    if _doubtful(table, column, notation, encoding):
        signs = f"`{notation.decimal}` as decimal sign" + f" and `{notation.thousands}`" * bool(notation.thousands)
        problems.rows(table, name, ~column.missing, "`{}` may be two numbers".format)
        problems.advise(f"column `{name}`: write its numbers as in the training file, with {signs}")
        return values
    bad = np.isnan(values) & ~column.missing
    if not bad.any():
        return values
    other = found_notation(column, Signs(comma=table.comma, commas=table.commas))
    if other is not None and other.unit in ("", notation.unit):
        return as_numbers(column, other).values
    problems.rows(table, name, bad, "`{}` is not a number".format)
    unit = f"in `{notation.unit}`" if notation.unit else "without a unit"
    of_units = other is not None or several_units(column)
    problems.advise(
        f"column `{name}` held numbers {unit} in the training file: convert the cells" if of_units else CORRECT
    )
    return values


def target_notations(table: Table, names: Sequence[str], signs: Signs) -> tuple[dict[str, dict[str, str]], list[str]]:
    """How the targets that can be read as numbers are written, and notes on those that may be other numbers."""
    found = {name: decide(table.columns[name], signs) for name in names}
    read = {name: found for name, found in found.items() if not found.advice and found.strays is None}
    notes = [note for name, decision in found.items() for note in doubts(f"target `{name}`", decision, signs)]
    return {name: decision.notation.as_dict() for name, decision in read.items() if decision.kind == "number"}, notes


def doubts(what: str, decision: Decision, signs: Signs) -> list[str]:
    """The note on points that may stand between thousands, where nothing in the file says so."""
    example = doubtful_points(decision.column) if signs.comma and not signs.is_set else None
    if example is None:
        return []
    whole = example.replace(".", "")
    return [f'{what}: `{example}` is read with a decimal point; if it is {whole}, set `thousands: "."`']


def signed_columns(encoding: dict[str, Any]) -> bool:
    """Whether some column of the training file is written with another decimal sign, or with a thousands sign."""
    targets: dict[str, dict[str, str]] = encoding.get("target_notations") or {}
    return any("decimal" in column or "thousands" in column for column in (*encoding["columns"], *targets.values()))


def _doubtful(table: Table, column: Texts, notation: Notation, encoding: dict[str, Any]) -> bool:
    """Whether the file is written in another way than the training file, and all cells are such as `1.234`."""
    changed = table.comma != encoding.get("comma", table.comma) or (table.commas and notation.decimal == ".")
    return changed and any(may_be_groups(column, sign, notation.unit) for sign in ".,")
