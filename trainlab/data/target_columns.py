"""The target columns of a table: the task, classes that cannot be learned, columns to predict instead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, TaskName
from trainlab.data.categories import note_similar, ordered
from trainlab.data.column_types import as_numbers, decide, notation_notes
from trainlab.data.labels import find_labels, is_lists, is_zeros_and_ones
from trainlab.data.notation import USUAL, Signs, parse_number, several_units
from trainlab.data.table import Column, Problems, Table, as_texts, text_of
from trainlab.data.task_guess import guess_task

ADD_COLUMNS = "add some to the file, for example the target's value in the row before"


@dataclass(frozen=True, slots=True)
class FoundTargets:
    """What the targets are: `classes`, or `labels` of which a row may have several, or else numbers.

    `ordered`: the classes are levels, in this order · `separator`: stands between the labels of a cell; empty where
    cells are lists, or where each label has its column · `notes`: what was guessed.
    """

    classes: list[str] | None = None
    labels: list[str] | None = None
    ordered: bool = False
    separator: str = ""
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """As the encoding holds them."""
        return {
            "classes": self.classes,
            "labels": self.labels,
            "ordered": self.ordered,
            "separator": self.separator,
        }


def one_hot_classes(columns: Sequence[Column]) -> Array:
    """The class of each row (n,) where every column is 1 for the rows of one class and 0 for others; -1 where a row has
    no single 1.
    """
    values = np.column_stack([as_numbers(column, USUAL).values for column in columns])
    single = np.isin(values, (0, 1)).all(axis=1) & (values.sum(axis=1) == 1)
    return np.where(single, (values == 1).argmax(axis=1), -1)


def find_targets(
    table: Table, targets: Sequence[str], task: TaskName, signs: Signs, order: Sequence[str]
) -> FoundTargets:
    """What the targets are, by `task` or by their cells. `order`: the classes in their order, if the config names them.

    Raises DataError for targets that do not fit the task.
    """
    columns = [table.columns[name] for name in targets]
    single = columns[0] if len(columns) == 1 else None
    if task == "multilabel" or (task == "auto" and single is not None and is_lists(single)):
        labels, sign = find_labels(table, targets)
        note = f"target `{targets[0]}`: lists of labels: taken as {len(labels)} labels, of which a row may have several"
        return FoundTargets(labels=labels, separator=sign, notes=(note,) * (task == "auto"))
    if single is None:
        return _several(targets, columns, task)
    return _single(table, targets[0], task, signs, order)


def _single(table: Table, name: str, task: TaskName, signs: Signs, order: Sequence[str]) -> FoundTargets:
    """Classes, levels or numbers in one column."""
    column, notes = table.columns[name], list[str]()
    classes = task in ("classification", "ordinal") or (task == "auto" and (name in table.declared or bool(order)))
    if task == "auto" and not classes:
        decision, cells = decide(column, signs), as_texts(column)
        values = decision.notation.numbers(cells) if decision.kind == "number" else None
        if len(cells.known) and not (decision.advice or decision.cure):  # else the target's cells are errors
            guess = guess_task(values, cells.counts)
            classes, notes = guess.classes, [guess.note(f"target `{name}`")]
    if not classes:
        notes += notation_notes(f"target `{name}`", column, decide(column, signs).notation)
        return FoundTargets(notes=tuple(notes))
    known = ordered(as_texts(column).known)
    note_similar(f"target `{name}`", known, notes)
    if order:
        known = _in_order(table, name, known, [text_of(text) for text in order])
    elif task == "ordinal" and any(parse_number(text) is None for text in known):
        raise DataError(
            f"{table.path}: column `{name}` holds texts, and nothing says which level is higher; name them from the "
            f"lowest to the highest: `classes: [{', '.join(known[:10])}{', ...' * (len(known) > 10)}]`"
        )
    return FoundTargets(known, ordered=task == "ordinal", notes=tuple(notes))


def _in_order(table: Table, name: str, known: Sequence[str], order: Sequence[str]) -> list[str]:
    """The classes in the config's order. Raises DataError for cells that it does not name, and names without cells."""
    problems, column = Problems(table.path), as_texts(table.columns[name])
    missing = np.array([*(text_of(text) not in order for text in column.known), False])[column.codes]
    problems.rows(table, name, missing, lambda text: f"class `{text}` is not named under `classes`")
    problems.stop("name all classes in data.classes, or leave the setting out")
    if unseen := [text for text in order if text not in map(text_of, known)]:
        raise DataError(f"{table.path}: column `{name}` has no row of class {listed(unseen)} (data.classes)")
    return list(order)


def _several(targets: Sequence[str], columns: Sequence[Column], task: TaskName) -> FoundTargets:
    """One-hot columns, columns of labels, or numbers."""
    if task == "regression":
        return FoundTargets()
    if (one_hot_classes(columns) >= 0).all() and task in ("auto", "classification"):
        names = ", ".join(f"`{name}`" for name in targets)
        note = f"targets {names}: a single 1 in each row: taken as the classes; set `data.task: regression` if not"
        return FoundTargets(list(targets), notes=(note,) * (task == "auto"))
    if task in ("classification", "ordinal"):
        advice = "; for labels of which a row may have several set `task: multilabel`"
        raise DataError(
            f"data.target: {'levels are' if task == 'ordinal' else 'a classification has'} one target column, or a "
            f"column for each class with a single 1 in each row; found {len(columns)} other columns"
            + (advice if all(map(is_zeros_and_ones, columns)) else "")
        )
    if all(map(is_zeros_and_ones, columns)):
        note = (
            f"targets {listed(list(targets))}: columns of 0 and 1, several 1 in a row: taken as {len(targets)} labels "
            "(multilabel); set `data.task: regression` if these are numbers"
        )
        return FoundTargets(labels=list(targets), notes=(note,))
    return FoundTargets()


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
        if units := several_units(as_texts(table.columns[target])):
            what += f", numbers in several units ({listed([unit or 'none' for unit in units])})"
        raise DataError(
            f"{table.path}: column `{target}` holds {what}: no classes to learn; {other_targets(table, targets)}"
        )
    problems, counts = Problems(table.path), np.bincount(y, minlength=len(names))
    for c in np.flatnonzero(counts < 2).tolist():
        line = int(table.lines[np.flatnonzero(y == c)[0]]) if counts[c] else int(table.lines[0])
        what = f"the only row of class `{names[c]}`" if counts[c] else "is 0 in every row, so its class has no rows"
        problems.add(line, names[c] if one_hot else target, what)
    fix = ", or set `task: regression`" if one_hot or all(parse_number(name) is not None for name in names) else ""
    leave = "" if one_hot else " (`min_class_rows: 2` leaves them out)"
    problems.stop(
        f"a class needs at least two rows, one to train on and one to test on; add some or remove these{leave}{fix}"
    )


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
