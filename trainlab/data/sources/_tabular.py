"""What all sources that read a table share: its target, its categories, and the columns that are not inputs.

A new format is one class in one file of this folder; its `read_raw` reads a file into a raw `Table`.
"""

from abc import abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar, Literal

import numpy as np

from trainlab.core.component import plain, setting
from trainlab.core.errors import DataError
from trainlab.core.types import TaskName
from trainlab.data.dataset import Loaded
from trainlab.data.encoding import NO_TARGET, Reading, learn_encoding, rows_of, task_of
from trainlab.data.paths import did_you_mean
from trainlab.data.preprocess.fill import Fill
from trainlab.data.preprocessor import Preprocessor
from trainlab.data.same_columns import refuse_other_order
from trainlab.data.source import Source
from trainlab.data.table import Problems, Table, as_texts
from trainlab.data.target_columns import check_classes, listed, other_targets

_SPELLINGS = {"train": ("train", "training"), "val": ("val", "valid", "validation", "dev"), "test": ("test", "testing")}


class Tabular(Source):
    """Rows of a table with named columns."""

    first: ClassVar[str] = "path"
    endings: ClassVar[tuple[str, ...]] = ()
    """Of its files, such as `.parquet`: a new file with one of them is read by this source."""
    remembers: ClassVar[tuple[str, ...]] = ()
    """Settings that a new file is read with, too."""

    path: str = setting("file to read, relative to the folder that trainlab is started in")
    target: str | list[str] = setting(
        "column to predict, or several: numbers, or a column of 0 and 1 for each label", min_length=1
    )
    task: TaskName = setting(
        "auto",
        "auto: text and whole numbers with up to 20 different values are classes, several columns of 0 and 1 and a "
        "column of lists are labels (multilabel), other numbers a regression; ordinal: classes are levels in order",
    )
    classes: list[str | int | float] = setting(
        [], "the classes of the target in their order; needed for `task: ordinal` if they are texts"
    )
    categorical: list[str] = setting([], "columns of numbers that are categories; columns of text always are")
    drop: list[str] = setting([], "columns to leave out")
    group: str | None = setting(None, "column whose equal rows are never split apart, e.g. a patient's number")
    time: str | None = setting(None, "column of numbers or dates: the last rows are validation and test")
    weight: str | None = setting(
        None, "column of numbers of at least 0: how much each row counts in the loss, relative to the others"
    )
    val_path: str | None = setting(None, "file with the validation rows; `split.val` is not used then")
    test_path: str | None = setting(None, "file with the test rows; `split.test` is not used then")
    split_column: str | None = setting(
        None, "column with the split of each row: train, val (or valid, validation, dev) or test"
    )
    missing: list[str | int | float] = setting(
        [], "further markers of a missing cell, in addition to empty cells, NA, N/A, nan, null, None, ? - . and #N/A"
    )
    missing_target: Literal["error", "drop"] = setting("error", "what happens to rows without a target")
    min_class_rows: int | None = setting(
        None, "leave out the rows of classes that have fewer rows; null: a class with one row only is an error", ge=2
    )
    decimal: str | None = setting(
        None, "decimal sign of numbers; null: a point, or a comma where `;` or tabs stand between cells", max_length=1
    )
    thousands: str | None = setting(None, "sign between groups of three digits; null: none", max_length=1)
    accounting: bool = setting(False, "whether (12) and 12- mean -12, as in accounts")
    unknown: Literal["error", "ignore"] = setting(
        "error", "categories that only a new file holds; ignore: all of the column's inputs are 0"
    )
    max_categories: int | None = setting(
        None, "so many inputs at most for a column of categories: the rarest share the last one", ge=2
    )
    preprocess: list[Preprocessor] = setting(
        [Fill()], "in order, fitted on the training rows only; `fill` puts the median where a cell is missing"
    )

    @abstractmethod
    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The raw table in this file; columns in `text` as texts, as they are written. Raises DataError."""

    def read_table(self, path: str, text: Collection[str] = ()) -> Table:
        """The table in this file, missing cells found, columns in `drop` left out."""
        table = self.read_raw(path, text)
        if not len(table.lines):
            raise DataError(f"{path}: holds no rows")
        return table.without(self.drop).cleaned([str(marker) for marker in self.missing])

    def remembered(self) -> dict[str, Any]:
        """Settings that a new file is read with, as plain values."""
        return {name: plain(getattr(self, name)) for name in self.remembers}

    def load(self, rng: np.random.Generator) -> Loaded:
        """All rows: numbers as they are, categories one-hot."""
        target = [self.target] if isinstance(self.target, str) else self.target
        others = [name for name in (self.group, self.time, self.weight, self.split_column) if name is not None]
        table = self.read_table(self.path, {*target, *self.categorical, *others})
        self._check_columns(table, target)
        kept, notes = self._with_targets(table, target)
        kept = self._without_rare_classes(kept, target, notes)
        if self.missing_target == "error":
            self._check_targets(table, kept, target, others)
        return self._loaded(kept, notes, target, others)

    def _loaded(self, table: Table, notes: list[str], target: list[str], others: list[str]) -> Loaded:
        parts = {"train": table} if self.split_column is None else split_by_column(table, self.split_column)
        train = parts["train"]
        encoding, found = learn_encoding(train, self._reading(target, others))
        task = task_of(encoding)
        rows = rows_of(train, encoding, group=self.group, time=self.time, weight=self.weight)
        if task.kind == "classification":
            check_classes(train, target, rows.y, task.names)
        for part, path in (("val", self.val_path), ("test", self.test_path)):
            if path is not None:
                if part in parts:
                    raise DataError(f"data.{part}_path: column `{self.split_column}` holds {part} rows already")
                parts[part] = self._other_file(path, encoding)
        val, test = (
            rows_of(parts[part], encoding, weight=self.weight) if part in parts else None for part in ("val", "test")
        )
        return Loaded(rows, task, test, encoding, (*notes, *found), val)

    def _reading(self, target: list[str], others: list[str]) -> Reading:
        return Reading(
            target,
            self.task,
            [str(name) for name in self.classes],
            self.categorical,
            [*self.drop, *others],
            self.decimal,
            self.thousands,
            self.accounting,
            self.unknown,
            self.max_categories,
            fills=any(isinstance(step, Fill) for step in self.preprocess),
            facts={
                "missing": [str(marker) for marker in self.missing],
                "reader": {"name": self.name, **self.remembered()},
            },
        )

    def _check_columns(self, table: Table, target: list[str]) -> None:
        wanted = {"target": target, "categorical": self.categorical}
        single = {name: getattr(self, name) for name in ("group", "time", "weight", "split_column")}
        wanted |= {setting_name: [] if name is None else [name] for setting_name, name in single.items()}
        for setting_name, names in wanted.items():
            for name in names:
                if name in self.drop:
                    raise DataError(f"data.{setting_name}: column `{name}` is also named under `drop`")
                if name not in table.columns:
                    near = did_you_mean(name, list(table.columns)) or f"; it has {listed(list(table.columns))}"
                    raise DataError(f"{table.header}: has no column `{name}` (data.{setting_name}){near}")

    def _with_targets(self, table: Table, target: list[str]) -> tuple[Table, list[str]]:
        """The rows that have a target."""
        lacking = np.zeros(len(table.lines), bool)
        for name in target:
            lacking |= table.columns[name].missing
            if table.columns[name].missing.all():
                raise DataError(
                    f"{table.path}: column `{name}` (data.target) has no values at all; {other_targets(table, target)}"
                )
        if not lacking.any() or lacking.all():
            return table, []
        return table.take(np.flatnonzero(~lacking)), [f"{int(lacking.sum())} rows without a target are left out"]

    def _without_rare_classes(self, table: Table, target: list[str], notes: list[str]) -> Table:
        """The rows whose class has enough of them (`min_class_rows`)."""
        column = as_texts(table.columns[target[0]])
        rare = [i for i, count in enumerate(column.counts.tolist()) if 0 < count < (self.min_class_rows or 0)]
        if not rare or len(target) > 1:
            return table
        out = np.isin(column.codes, rare)
        names = listed([column.known[i] for i in rare])
        notes.append(
            f"{int(out.sum())} rows of classes with less than {self.min_class_rows} rows are left out: {names}"
        )
        left = table.take(np.flatnonzero(~out))
        return left.changed(target[0], lambda column: as_texts(column).used())

    def _check_targets(self, table: Table, kept: Table, target: list[str], others: list[str]) -> None:
        """Raises DataError for missing targets. It also says what else would stop the user once those rows are gone."""
        problems = Problems(table.path)
        for name in target:
            problems.rows(table, name, table.columns[name].missing, "missing value")
        if not problems.found:
            return
        problems.advise(NO_TARGET)
        try:
            self._loaded(kept, [], target, others)
        except DataError as error:
            problems.advise(f"without these rows: {error}")
        problems.stop()

    def _other_file(self, path: str, encoding: dict[str, Any]) -> Table:
        """The table in a file of validation or test rows, with all columns of the training file."""
        inputs: list[str] = [column["name"] for column in encoding["columns"]]
        categories = [column["name"] for column in encoding["columns"] if "categories" in column]
        target: list[str] = encoding["target"]
        table = self.read_table(path, {*target, *categories})
        refuse_other_order(table, encoding)
        for name in (*inputs, *target):
            if name not in table.columns:
                near = did_you_mean(name, list(table.columns))
                raise DataError(f"{table.header}: has no column `{name}`, which {self.path} has{near}")
        return table if self.missing_target == "error" else self._with_targets(table, target)[0]


def split_by_column(table: Table, name: str) -> dict[str, Table]:
    """The rows of each part that this column names. Raises DataError for other texts and where no row is for training.

    Spellings: train, training; val, valid, validation, dev; test, testing; in any case.
    """
    column, problems = as_texts(table.columns[name]), Problems(table.path)
    part_named = {spelling: part for part, spellings in _SPELLINGS.items() for spelling in spellings}
    part_of = [part_named.get(text.lower(), "") for text in column.known]
    parts = np.array([*part_of, ""])[column.codes]
    problems.rows(table, name, parts == "", lambda text: f"`{text}` is no part" if text else "missing value")
    problems.stop("the parts are train, val (or valid, validation, dev) and test")
    found = {part: table.take(np.flatnonzero(parts == part)) for part in _SPELLINGS if part in part_of}
    if "train" not in found:
        raise DataError(f"{table.path}: column `{name}` names no rows for training")
    return found
