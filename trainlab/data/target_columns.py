"""The target columns of a table: one-hot classes, classes that cannot be learned, columns to predict instead."""

from collections.abc import Sequence

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.categories import note_similar, ordered
from trainlab.data.column_types import as_numbers, decide, notation_notes
from trainlab.data.notation import USUAL, Signs, parse_number
from trainlab.data.table import Column, Problems, Table, as_texts
from trainlab.data.task_guess import guess_task

ADD_COLUMNS = "add some to the file, for example the target's value in the row before"


def one_hot_classes(columns: Sequence[Column]) -> Array:
    """The class of each row (n,) where every column is 1 for the rows of one class and 0 for others; -1 where a row has
    no single 1.
    """
    values = np.column_stack([as_numbers(column, USUAL).values for column in columns])
    single = np.isin(values, (0, 1)).all(axis=1) & (values.sum(axis=1) == 1)
    return np.where(single, (values == 1).argmax(axis=1), -1)


def find_classes(table: Table, targets: Sequence[str], task: str, signs: Signs) -> tuple[list[str] | None, list[str]]:
    """The classes of the target, None for a regression; and notes on what was guessed.

    Raises DataError for a classification with several columns that are not one-hot.
    """
    columns, notes = [table.columns[name] for name in targets], list[str]()
    if len(columns) > 1:
        return _several(targets, columns, task)
    (name,), (column,) = targets, columns
    classes = task == "classification" or (name in table.declared and task == "auto")
    if task == "auto" and name not in table.declared:
        decision, cells = decide(column, signs), as_texts(column)
        values = decision.notation.numbers(cells) if decision.kind == "number" else None
        if len(cells.known) and not (decision.advice or decision.cure):  # else the target's cells are errors
            guess = guess_task(values, cells.counts)
            classes, notes = guess.classes, [guess.note(f"target `{name}`")]
    if not classes:
        return None, [*notes, *notation_notes(f"target `{name}`", column, decide(column, signs).notation)]
    known = ordered(as_texts(column).known)
    note_similar(f"target `{name}`", known, notes)
    return known, notes


def _several(targets: Sequence[str], columns: Sequence[Column], task: str) -> tuple[list[str] | None, list[str]]:
    """The classes of one-hot columns, None for others."""
    if task == "regression":
        return None, []
    if (one_hot_classes(columns) >= 0).all():
        listed = ", ".join(f"`{name}`" for name in targets)
        note = f"targets {listed}: a single 1 in each row: taken as the classes; set `data.task: regression` if not"
        return list(targets), [note] * (task == "auto")
    if task == "classification":
        raise DataError(
            "data.target: a classification has one target column, or a column for each class with a single 1 in each "
            f"row; found {len(columns)} other columns"
        )
    if all(set(as_texts(column).known) <= {"0", "1"} for column in columns):
        return None, ["targets: several columns of 0 and 1 are trained as numbers (a regression), not as labels"]
    return None, []


def check_classes(table: Table, targets: Sequence[str], y: Array, names: Sequence[str]) -> None:
    """Raises DataError for one class only, for a class with one row only, and for one-hot columns of 0 only."""
    target, one_hot = targets[0], len(targets) > 1
    if len(names) < 2:
        raise DataError(
            f"{table.path}: column `{target}` holds one class only, `{''.join(names)}`; there is nothing to learn; "
            f"{other_targets(table, targets)}"
        )
    kind = decide(as_texts(table.columns[target]), Signs()).kind
    if kind in ("id", "date"):
        what = "dates" if kind == "date" else "nearly as many different texts as rows"
        raise DataError(
            f"{table.path}: column `{target}` holds {what}: no classes to learn; {other_targets(table, targets)}"
        )
    problems, counts = Problems(table.path), np.bincount(y, minlength=len(names))
    for c in np.flatnonzero(counts < 2).tolist():
        line = int(table.lines[np.flatnonzero(y == c)[0]]) if counts[c] else int(table.lines[0])
        what = f"the only row of class `{names[c]}`" if counts[c] else "is 0 in every row, so its class has no rows"
        problems.add(line, names[c] if one_hot else target, what)
    fix = ", or set `task: regression`" if one_hot or all(parse_number(name) is not None for name in names) else ""
    problems.stop(f"a class needs at least two rows, one to train on and one to test on; add some or remove these{fix}")


def other_targets(table: Table, target: Sequence[str]) -> str:
    """Which columns could be the target instead: numbers and complete columns first."""
    kinds = {name: decide(column, Signs()).kind for name, column in table.columns.items()}
    inputs = [name for name, kind in kinds.items() if kind in ("number", "category", "date")]
    absent = {name: int(column.missing.sum()) for name, column in table.columns.items()}
    others = [name for name in inputs if name not in target and kinds[name] != "date"]
    others = [name for name in others if len(set(as_texts(table.columns[name]).known)) > 1]
    if not others:
        return "no other column can be a target"
    found = sorted(others, key=lambda name: (absent[name], kinds[name] != "number"))[:5]
    dropping = " with `missing_target: drop`" if absent[found[0]] else ""
    adding = f", which has no columns to learn it from; {ADD_COLUMNS}" if len(inputs) < 2 else ""
    return f"name another `target`, such as {listed(found)}{dropping}{adding}"


def listed(names: list[str]) -> str:
    """Names of columns for a message, the first ten."""
    return ", ".join(f"`{name}`" for name in names[:10]) + (", ..." if len(names) > 10 else "")
