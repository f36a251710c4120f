"""What all sources that read a table share: its target, its categories, and the columns that are not inputs."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.delimited import parse_number
from trainlab.data.encoding import learn_encoding, rows_of, task_of
from trainlab.data.paths import did_you_mean
from trainlab.data.source import Source
from trainlab.data.table import Problems, Table


class Tabular(Source):
    """Rows of a table with named columns."""

    first: ClassVar[str] = "path"
    path: str = setting("file to read, relative to the folder that trainlab is started in")
    target: str | list[str] = setting("column to predict, or several (regression)", min_length=1)
    task: Literal["auto", "classification", "regression"] = setting(
        "auto", "auto: text and whole numbers with up to 20 different values are classes, other numbers a regression"
    )
    categorical: list[str] = setting([], "columns of numbers that are categories; columns of text always are")
    drop: list[str] = setting([], "columns to leave out")
    group: str | None = setting(None, "column whose equal rows are never split apart, e.g. a patient's number")
    time: str | None = setting(None, "column of numbers or ISO dates: the last rows are validation and test")
    test_path: str | None = setting(None, "file with the test rows; `split.test` is not used then")

    @abstractmethod
    def read_table(self, path: str, text: Collection[str], numbers: Collection[str]) -> Table:
        """The table in this file; columns in `text` as text, in `numbers` as numbers, those in `drop` left out."""

    def load(self, rng: np.random.Generator) -> Loaded:
        """All rows: numbers as they are, categories one-hot."""
        target = [self.target] if isinstance(self.target, str) else self.target
        others = [name for name in (self.group, self.time) if name is not None]
        table = self.read_table(self.path, {*target, *self.categorical, *others}, ())
        self._check_columns(table, target)
        encoding = learn_encoding(
            table,
            target=target,
            classes=None if self.task == "auto" else self.task == "classification",
            ignored=[*self.drop, *others],
            categorical=self.categorical,
            text_encoding=str(getattr(self, "encoding", "utf-8")),
            delimiter=getattr(self, "delimiter", None),
        )
        rows = rows_of(table, encoding, group=self.group, time=self.time)
        task = task_of(encoding)
        if task.kind == "classification":
            _check_classes(table, target[0], rows.y, task.names)
        return Loaded(rows, task, self._test_rows(encoding), encoding)

    def _check_columns(self, table: Table, target: list[str]) -> None:
        wanted = {"target": target, "categorical": self.categorical}
        wanted |= {"group": [self.group] if self.group else [], "time": [self.time] if self.time else []}
        for setting_name, names in wanted.items():
            for name in names:
                if name in self.drop:
                    raise DataError(f"data.{setting_name}: column `{name}` is also named under `drop`")
                if name not in table.columns:
                    near = did_you_mean(name, list(table.columns)) or f"; it has {_listed(list(table.columns))}"
                    raise DataError(f"{table.path}:1: has no column `{name}` (data.{setting_name}){near}")

    def _test_rows(self, encoding: dict[str, Any]) -> Rows | None:
        if self.test_path is None:
            return None
        categories = [c["name"] for c in encoding["columns"] if "categories" in c]
        numbers = [c["name"] for c in encoding["columns"] if "categories" not in c]
        target: list[str] = encoding["target"]
        table = self.read_table(self.test_path, {*target, *categories}, numbers)
        for name in (*categories, *numbers, *target):
            if name not in table.columns:
                near = did_you_mean(name, list(table.columns))
                raise DataError(f"{table.path}:1: has no column `{name}`, which {self.path} has{near}")
        return rows_of(table, encoding)


def _check_classes(table: Table, target: str, y: Array, names: tuple[str, ...]) -> None:
    """Raises DataError for one class only, and for a class with one row only."""
    if len(names) < 2:
        only = "".join(names)
        raise DataError(f"{table.path}: column `{target}` holds one class only, `{only}`; there is nothing to learn")
    problems = Problems(table.path)
    counts = np.bincount(y, minlength=len(names))
    for c in np.flatnonzero(counts == 1):
        line = int(table.lines[np.flatnonzero(y == c)[0]])
        problems.add(line, target, f"the only row of class `{names[c]}`")
    problems.stop(
        "a class needs at least two rows, one to train on and one to test on; add some or remove these"
        + (", or set `task: regression`" if all(parse_number(name) is not None for name in names) else "")
    )


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:10]) + (", ..." if len(names) > 10 else "")
