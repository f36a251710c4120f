"""Several labels a row: columns of 0 and 1, or one column whose cells list the labels."""

import ast
import json
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.categories import ordered
from trainlab.data.column_types import as_numbers
from trainlab.data.notation import USUAL
from trainlab.data.paths import did_you_mean
from trainlab.data.table import Column, Problems, Table, Texts, as_texts, text_of

SEPARATORS = ("|", ";", ",")  # between labels that are written as one text, in the order in which they are tried


def is_lists(column: Column) -> bool:
    """Whether all cells are lists, such as `["red", "blue"]` or `[]`."""
    return isinstance(column, Texts) and bool(column.known) and all(listed_in(t) is not None for t in column.known)


def listed_in(text: str) -> list[str] | None:
    """The labels of a list as JSON or Python writes it; None if the text is none.

    >>> listed_in('["red", 2]'), listed_in("['red']"), listed_in("red")
    (['red', '2'], ['red'], None)
    """
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found: Any = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list) and all(isinstance(v, str | int | float) for v in cast("list[Any]", found)):
            return [text_of(value) for value in cast("list[Any]", found)]
    return None


def is_zeros_and_ones(column: Column) -> bool:
    """Whether all cells that are there are 0 or 1, or truth values."""
    return bool(np.isin(as_numbers(column, USUAL).values[~column.missing], (0, 1)).all())


def find_labels(table: Table, targets: Sequence[str]) -> tuple[list[str], str]:
    """The labels of the target columns, and the sign between them where a cell is one text (empty for lists and columns
    of 0 and 1). Raises DataError for columns that hold neither.
    """
    columns = [table.columns[name] for name in targets]
    if len(columns) > 1:
        problems = Problems(table.path)
        for name, column in zip(targets, columns, strict=True):
            values = as_numbers(column, USUAL).values
            problems.rows(table, name, ~np.isin(values, (0, 1)) & ~column.missing, "`{}` is neither 0 nor 1".format)
        problems.stop("a column of a label is 1 for the rows that have the label, and 0 for the others")
        return list(targets), ""
    (column,) = columns
    sign = "" if is_lists(column) else _separator(as_texts(column))
    labels = ordered({label for text in as_texts(column).known for label in _labels_of(text, sign)})
    if len(labels) < 2:
        raise DataError(
            f"{table.path}: column `{targets[0]}` holds {len(labels)} label{'s'[: len(labels) != 1]}; labels are "
            'several columns of 0 and 1, or one column of lists such as ["red", "blue"] or of texts such as red|blue'
        )
    return labels, sign


def encode_labels(table: Table, targets: Sequence[str], labels: Sequence[str], sign: str) -> Array:
    """Which labels each row has (n, labels): 0.0 or 1.0. Raises DataError for labels that are not among these."""
    if len(targets) > 1:
        find_labels(table, targets)
        return np.column_stack([as_numbers(table.columns[name], USUAL).values for name in targets])
    (name,) = targets
    column, problems = as_texts(table.columns[name]), Problems(table.path)
    place = {label: i for i, label in enumerate(labels)}
    found, unknown = np.zeros((len(column.known), len(labels))), list[str]()
    for row, text in enumerate(column.known):
        for label in _labels_of(text, sign):
            if label in place:
                found[row, place[label]] = 1.0
            else:
                unknown.append(text)
    strange = np.array([*(text in unknown for text in column.known), False])[column.codes]
    problems.rows(table, name, strange, lambda text: _unknown(_labels_of(text, sign), list(labels)))
    problems.stop("only labels of the training file are allowed")
    return found[column.codes]


def _unknown(found: list[str], known: list[str]) -> str:
    label = next(label for label in found if label not in known)
    return f"unknown label `{label}`{did_you_mean(label, known)}"


def _labels_of(text: str, sign: str) -> list[str]:
    if not sign:
        found = listed_in(text)
        return [text] if found is None else found
    return [label.strip() for label in text.split(sign) if label.strip()]


def _separator(column: Texts) -> str:
    return next((sign for sign in SEPARATORS if any(sign in text for text in column.known)), "")
