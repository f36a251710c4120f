"""Columns that are no inputs but say something of each row: its group, its time, how much it counts."""

import numpy as np

from trainlab.core.types import Array
from trainlab.data.column_types import as_numbers, decide
from trainlab.data.dates import as_seconds
from trainlab.data.notation import Signs, parse_number
from trainlab.data.table import Problems, Table, as_texts


def column_times(table: Table, name: str) -> Array:
    """A column of numbers, or of dates as seconds since 1970. Raises DataError for other cells."""
    problems, column = Problems(table.path), as_texts(table.columns[name])
    values = [parse_number(text) for text in column.known]
    if None in values:
        values = as_seconds(column.known)
    times = np.array([*(np.nan if v is None else v for v in values), np.nan])[column.codes]
    problems.rows(table, name, np.isnan(times), lambda text: f"`{text}` is no time" if text else "missing value")
    problems.stop("write all times as numbers, or all as ISO dates: 2024-01-31 or 2024-01-31T09:30:00")
    return times


def column_groups(table: Table, name: str) -> Array:
    """A number for each group of rows. Raises DataError for missing cells."""
    problems, column = Problems(table.path), as_texts(table.columns[name])
    problems.rows(table, name, column.missing, "missing value")
    problems.stop("every row needs a group: fill these cells in or remove the rows")
    place = {text: i for i, text in enumerate(sorted(column.known))}
    return np.array([place[text] for text in column.known], np.int64)[column.codes]


def column_weights(table: Table, name: str, signs: Signs) -> Array:
    """A column of weights of the rows. Raises DataError for cells that are no number of at least 0."""
    problems, column = Problems(table.path), table.columns[name]
    values = as_numbers(column, decide(column, signs).notation).values
    problems.rows(table, name, np.isnan(values), lambda text: f"`{text}` is not a number" if text else "missing value")
    problems.rows(table, name, values < 0, "`{}` is negative".format)
    problems.stop("every row needs a weight of at least 0; 0 leaves a row out")
    return values
