"""How the columns of a table become x and y: numbers as they are, categories one-hot, classes numbered.

The properties of the training file are stored as plain JSON (the encoding), so that new files are read the same way.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Task, TaskName
from trainlab.data.categories import note_similar, ordered
from trainlab.data.column_types import MOST_CODES, Decision, as_numbers, code_in, decide, notation_notes
from trainlab.data.dataset import Rows
from trainlab.data.dates import as_years, found_format
from trainlab.data.labels import encode_labels
from trainlab.data.learned_categories import ABSENT, RARE, category_codes, codes_of, unknown
from trainlab.data.learned_numbers import doubts, learned_numbers, signed_columns, target_notations
from trainlab.data.notation import Notation, Signs, several_units
from trainlab.data.row_columns import column_groups, column_times, column_weights
from trainlab.data.same_columns import refuse_other_order, same_columns
from trainlab.data.table import Problems, Table, Texts, as_texts, text_of
from trainlab.data.target_columns import ADD_COLUMNS, check_classes, find_targets, one_hot_classes

BLOCK = 4096  # rows that are written at once, so that they stay in the processor's cache
NO_NUMBER = "correct these cells, or list texts that mean a missing value under `missing`"
FILL = "put `fill` first in data.preprocess, e.g. `preprocess: [fill, standardize]`: it gives them the training median"
NO_TARGET = "a row needs a target: fill these cells in, or leave the rows out with `missing_target: drop`"
POINTS = '{}: `{}` is read with a decimal point; if it is {}, set `thousands: "."`'
CODES = "column `{}`: `{}` is read as the number {:.15g}; if it is a code, name the column under `categorical`"
LEAVE_OUT = "or name the column under `drop` or `categorical`"


@dataclass(frozen=True, slots=True)
class Reading:
    """The settings of a source about its columns."""

    target: Sequence[str]
    task: TaskName = "auto"
    order: Sequence[str] = ()
    """The classes in their order, if the config names them."""
    categorical: Collection[str] = ()
    ignored: Sequence[str] = ()
    decimal: str | None = None
    thousands: str | None = None
    accounting: bool = False
    unknown: Literal["error", "ignore"] = "error"
    max_categories: int | None = None
    fills: bool = False
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """Plain JSON that goes into the encoding as it is: how a new file is to be read."""

    def signs(self, table: Table) -> Signs:
        """How numbers may be written in this table."""
        return Signs(self.decimal, self.thousands, table.comma, self.accounting, table.commas)


def learn_encoding(table: Table, reading: Reading) -> tuple[dict[str, Any], list[str]]:
    """The encoding of a training table, and notes on what was guessed. Raises DataError naming all unusable columns."""
    notes, problems, columns = list[str](), Problems(table.path), list[dict[str, Any]]()
    left_out, filled = dict[str, list[str]](), list[str]()
    for name, column in table.columns.items():
        if name in reading.target or name in reading.ignored:
            continue
        categorical = name in reading.categorical or name in table.declared
        decision = decide(column, reading.signs(table), categorical=categorical)
        if decision.kind in ("date", "id", "missing"):
            left_out.setdefault(decision.kind, []).append(name)
            continue
        if decision.kind == "number":
            _check_numbers(table, name, decision, reading, problems)
            columns.append({"name": name, **decision.notation.as_dict()})
            if reading.fills and column.missing.any():
                filled.append(f"`{name}` ({int(column.missing.sum())})")
            notes += notation_notes(f"column `{name}`", column, decision.notation)
            notes += doubts(f"column `{name}`", decision, reading.signs(table))
            if code := code_in(column):
                notes.append(CODES.format(name, code, float(code)))
        else:
            columns.append(_categories(name, decision, reading, notes))
    problems.stop()
    forms = {} if columns else {n: found_format(as_texts(table.columns[n]).known) for n in left_out.get("date", ())}
    if dates := [name for name, form in forms.items() if form]:
        left_out["date"] = [name for name in left_out["date"] if name not in dates]
        columns += [{"name": name, "date": forms[name]} for name in dates]
        listed = ", ".join(f"`{name}`" for name in dates)
        notes.append(f"no other inputs than dates ({listed}): taken as numbers, in years since 1970")
    notes += [_left_out(table, kind, names) for kind, names in left_out.items() if names]
    if filled:
        notes.append(f"missing numbers are filled in by preprocess.fill (cells): {', '.join(filled)}")
    found = find_targets(table, reading.target, reading.task, reading.signs(table), reading.order)
    numbers = reading.target if found.classes is None and found.labels is None else ()
    notations, doubted = target_notations(table, numbers, reading.signs(table))
    notes += doubted
    encoding = {
        "columns": columns,
        "target": list(reading.target),
        "target_notations": notations,
        **found.as_dict(),
        "ignored": [*reading.ignored, *(name for names in left_out.values() for name in names)],
        "decimal": reading.decimal,
        "thousands": reading.thousands,
        "accounting": reading.accounting,
        "unknown": reading.unknown,
        "fills": reading.fills,
        **reading.facts,
    }
    if table.written:
        encoding["written"] = list(table.written)
    if signed_columns(encoding):
        encoding["comma"] = table.comma  # a file of the other kind may write the same cells for other numbers
    if not columns:
        raise DataError(_nothing_to_learn_from(table, encoding, left_out))
    return encoding, [*table.notes, *found.notes, *notes]


def encode_table(table: Table, encoding: dict[str, Any], *, with_target: bool = True) -> tuple[Array, Array | None]:
    """x and y of a table with the columns of the training file. Raises DataError naming columns that are missing or
    unknown, and cells that are no numbers or no known category.

    y is None where the target is absent, has missing cells, or is to be left unread.
    """
    refuse_other_order(table, encoding)
    target: list[str] = encoding["target"] if with_target else []
    wanted = [c["name"] for c in sorted(encoding["columns"], key=lambda c: "categories" not in c)]
    same_columns(table, wanted, [*encoding["target"], *encoding["ignored"]])
    y = None
    if target and all(name in table.columns and not table.columns[name].missing.any() for name in target):
        y = encode_targets(table, encoding)
    return encode_inputs(table, encoding), y


def encode_inputs(table: Table, encoding: dict[str, Any]) -> Array:
    """x (n, *shape) of a table: a column per number, and a column of 0 and 1 per category."""
    problems = Problems(table.path)
    shape = len(table.lines), sum(len(column.get("categories") or [0]) for column in encoding["columns"])
    write = partial(_write, encoding["columns"])
    if table.on_disk is not None and 8 * shape[0] * shape[1] > table.on_disk.limit:
        x = table.on_disk.rows(_cells(table, encoding, problems), shape, write)
    else:
        read = list(_cells(table, encoding, problems))
        x = np.empty(shape)
        for start in range(0, len(x), BLOCK):  # a row's numbers lie side by side, a column's do not
            write([cells[start : start + BLOCK] for cells in read], x[start : start + BLOCK])
    return x.reshape(-1, *encoding["shape"]) if "shape" in encoding else x


def _cells(table: Table, encoding: dict[str, Any], problems: Problems) -> Iterator[Array]:
    """The numbers of each column (n,), or the index of each cell's category. Raises DataError behind the last one."""
    for column in encoding["columns"]:
        if "categories" in column:
            yield category_codes(table, column, encoding.get("unknown") == "ignore", problems)
        else:
            yield _numbers(table, column, encoding, problems)
    problems.stop()


def _write(columns: Sequence[dict[str, Any]], parts: Sequence[Array], block: Array) -> None:
    """Some rows of x, of these parts of the columns."""
    place = 0
    for column, part in zip(columns, parts, strict=True):
        if "categories" not in column:
            block[:, place] = part
            place += 1
            continue
        known = np.flatnonzero(part >= 0)
        block[:, place : place + len(column["categories"])] = 0
        block[known, place + part[known].astype(np.int64)] = 1
        place += len(column["categories"])


def encode_targets(table: Table, encoding: dict[str, Any]) -> Array:
    """y of a table: class indices (n,), 0 or 1 for each label (n, labels), or numbers (n, k).

    Raises DataError for missing and unknown values.
    """
    problems = Problems(table.path)
    for name in encoding["target"]:
        problems.rows(table, name, table.columns[name].missing, "missing value")
    problems.stop(NO_TARGET)
    if encoding.get("labels") is not None:
        return encode_labels(table, encoding["target"], encoding["labels"], encoding["separator"])
    if encoding["classes"] is not None:
        name, *others = encoding["target"]
        known: list[str] = encoding["classes"]
        if others:
            codes = one_hot_classes([table.columns[name] for name in encoding["target"]])
            problems.rows(table, name, codes < 0, f"no single 1 among {', '.join(f'`{k}`' for k in known)}")
            problems.stop("each row needs one 1, in the column of its class, and 0 in the others")
            return codes
        codes = codes_of(as_texts(table.columns[name]), {text_of(text): i for i, text in enumerate(known)})
        problems.rows(table, name, codes < 0, lambda text: unknown("class", text, known))
        problems.stop("only classes of the training file are allowed")
        return codes
    numbers = [_target_numbers(table, name, encoding, problems) for name in encoding["target"]]
    problems.stop("a regression needs a number in every row")
    return np.column_stack(numbers)


def feature_names(encoding: dict[str, Any]) -> tuple[str, ...]:
    """A name per column of x: `age`, `city=Rome`, `city=Oslo`."""
    names: list[str] = []
    for column in encoding["columns"]:
        categories: list[str] | None = column.get("categories")
        names += [column["name"]] if categories is None else [f"{column['name']}={c}" for c in categories]
    return tuple(names)


def task_of(encoding: dict[str, Any]) -> Task:
    """The task that the targets of this encoding are."""
    classes, labels = encoding["classes"], encoding.get("labels")
    if classes is not None:
        return Task("classification", len(classes), tuple(classes), encoding.get("ordered", False))
    if labels is not None:
        return Task("multilabel", len(labels), tuple(labels))
    return Task("regression", len(encoding["target"]), tuple(encoding["target"]))


def rows_of(
    table: Table,
    encoding: dict[str, Any],
    *,
    group: str | None = None,
    time: str | None = None,
    weight: str | None = None,
) -> Rows:
    """The rows of a table with its targets, groups, times and weights."""
    return Rows(
        encode_inputs(table, encoding),
        encode_targets(table, encoding),
        feature_names(encoding),
        None if group is None else column_groups(table, group),
        None if time is None else column_times(table, time),
        table.lines,
        column_weights(table, weight, _signs_of(encoding, table)) if weight in table.columns and weight else None,
    )


def _check_numbers(table: Table, name: str, decision: Decision, reading: Reading, problems: Problems) -> None:
    """Notes the problems of using a column as numbers."""
    column = table.columns[name]
    if decision.advice:
        problems.add(int(table.lines[0]), name, decision.advice)
    elif decision.strays is not None:
        problems.rows(table, name, decision.strays, "`{}` is not a number".format)
        problems.advise(
            f"{decision.cure}; or {NO_NUMBER}, {LEAVE_OUT}" if decision.cure else f"{NO_NUMBER}, {LEAVE_OUT}"
        )
    if not reading.fills and column.missing.any():
        problems.rows(table, name, column.missing, "missing value")
        problems.advise(f"{FILL}; {LEAVE_OUT}")


def _categories(name: str, decision: Decision, reading: Reading, notes: list[str]) -> dict[str, Any]:
    """The encoding of a column of categories; missing cells are a category of their own, rare ones are pooled."""
    column = as_texts(decision.column)
    kept, pooled = ordered(column.known), list[str]()
    most = reading.max_categories
    if most is not None and len(kept) > most:
        by_count = sorted(zip(-column.counts, column.known, strict=True))
        pooled = ordered([text for _, text in by_count[most - 1 :]])
        rare = set(pooled)
        kept = [text for text in kept if text not in rare]
        notes.append(f"column `{name}`: its {len(pooled)} rarest categories are pooled as `{RARE}` (max_categories)")
    found: dict[str, Any] = {"name": name, "categories": kept + [RARE] * bool(pooled)}
    if column.missing.any():
        found["categories"].append(ABSENT)
        notes.append(f"column `{name}`: {int(column.missing.sum())} missing cells are a category of their own")
    note_similar(f"column `{name}`", kept, notes)
    if (
        isinstance(decision.column, Texts)
        and len(column.known) > MOST_CODES
        and (units := several_units(decision.column))
    ):
        listed = ", ".join(f"`{unit}`" if unit else "none" for unit in units[:5])
        notes.append(f"column `{name}`: numbers in several units ({listed}) are categories; convert them to one unit")
    return found | ({"pooled": pooled} if pooled else {})


def _left_out(table: Table, kind: str, names: list[str]) -> str:
    """The notes on columns that are left out automatically."""
    many = len(names) > 1
    listed = ("columns " if many else "column ") + ", ".join(f"`{name}`" for name in names)
    shown = as_texts(table.columns[names[0]])
    example = f", such as `{shown.known[0]}`" if shown.known else ""
    return {
        "date": f"{listed}: dates{example}: left out; split by one with `time: {names[0]}`, or drop it",
        "id": f"{listed}: nearly as many different texts as rows{example}: left out; name it under `categorical` if "
        "it is meant so",
        "missing": f"{listed}: {'have' if many else 'has'} no values at all: left out",
    }[kind]


def _nothing_to_learn_from(table: Table, encoding: dict[str, Any], left_out: dict[str, list[str]]) -> str:
    """The message, with what else would stop the user once there are columns."""
    message = f"{table.path}: no columns are left to learn from besides the target{_only(left_out)}; {ADD_COLUMNS}"
    try:
        y = encode_targets(table, encoding)
        if encoding["classes"] is not None:
            check_classes(table, encoding["target"], y, encoding["classes"])
    except DataError as error:
        message += f"\nand then: {error}"
    return message


def _only(left_out: dict[str, list[str]]) -> str:
    names = [name for names in left_out.values() for name in names]
    return f"; left out are {', '.join(f'`{name}`' for name in names)} (dates, ids or empty)" if names else ""


def _numbers(table: Table, kept: dict[str, Any], encoding: dict[str, Any], problems: Problems) -> Array:
    name = kept["name"]
    column = table.columns[name]
    if "date" in kept:
        years = as_years(as_texts(column).known, kept["date"])
        values = np.array([*(np.nan if year is None else year for year in years), np.nan])[as_texts(column).codes]
        problems.rows(table, name, np.isnan(values) & ~column.missing, "`{}` is not a date as in training".format)
    else:
        values = learned_numbers(table, name, Notation.of(kept), encoding, problems)
    if not encoding.get("fills", False) and column.missing.any():
        problems.rows(table, name, column.missing, "missing value")
        problems.advise("fill these cells in, or train with `fill` first in data.preprocess")
    return values


def _target_numbers(table: Table, name: str, encoding: dict[str, Any], problems: Problems) -> Array:
    notations: dict[str, Any] = encoding.get("target_notations") or {}
    if name in notations:
        return learned_numbers(table, name, Notation.of(notations[name]), encoding, problems)
    decision = decide(table.columns[name], _signs_of(encoding, table))
    if decision.advice:
        problems.add(int(table.lines[0]), name, decision.advice)
    values = as_numbers(table.columns[name], decision.notation).values
    if not decision.advice:
        problems.rows(table, name, np.isnan(values), "`{}` is not a number".format)
        if decision.cure:
            problems.advise(decision.cure)
    return values


def _signs_of(encoding: dict[str, Any], table: Table) -> Signs:
    accounting = bool(encoding.get("accounting"))
    return Signs(encoding.get("decimal"), encoding.get("thousands"), table.comma, accounting, table.commas)
