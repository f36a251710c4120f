"""Writes a config for a table: inspects the file and fills in the settings that read it, each with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.component import make, registered
from trainlab.core.dump import dump, dump_inline
from trainlab.core.errors import UserError
from trainlab.core.problem import visible
from trainlab.core.types import Task
from trainlab.data.column_types import Decision, code_in, decide, notation_notes
from trainlab.data.curable import CurableError
from trainlab.data.header import FEWEST_COUNTED
from trainlab.data.notation import Signs
from trainlab.data.paths import did_you_mean, existing_file
from trainlab.data.source import Source
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import Column, Numbers, Table, Texts, as_texts
from trainlab.diagnose.data.id_column import all_different, is_id_name
from trainlab.nn.models.tabular import Tabular as TabularModel

_MOST_STRAYS = 5  # different texts in a column of numbers that are taken for marks of missing values
MOST_RARE = 0.1  # of the rows: those of classes with one row
_MANY_CATEGORIES = 30  # more categories of a column are pooled
_FEW_ROWS = 2000  # up to so many, a batch has 32 rows
_HEAD = """\
# yaml-language-server: $schema=trainlab.schema.json
# (`trainlab schema > trainlab.schema.json` next to this file: then your editor completes and checks it as you type)
#
# Written by `trainlab new {template} --from` from the file: {rows} rows, {columns} columns.
#   trainlab train THIS_FILE

name: {name}
seed: 0

data:
"""
_MODEL = """
model:
  name: mlp
  hidden: [64, 32]
  activation: relu
  dropout: 0.1
{output}
optimizer: {{name: adam, lr: 3e-3}}
schedule: {{name: cosine, warmup: 1}}  # falls to zero at the last epoch: no early stopping; the best epoch is kept
regularization: {{l2: 1e-4}}
{metrics}
baselines: true  # also score a constant, a linear model and boosted trees on the same rows

train:
  epochs: 50
  batch_size: {batch}
"""
_TRAINING = 0.7  # share of the rows
_TABULAR = """
# `model: tabular` stands for the settings behind a `#` in this file: they suit tables. To change one, remove the #.
model: tabular
"""
_METRICS = "metrics: [rmse]  # the error in units of the target; the loss is that of scaled targets\n"


@dataclass(slots=True)
class Draft:
    """Settings of a table's source, each with the reason why it is set (empty where it needs none)."""

    source: str
    settings: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    dropped: dict[str, str] = field(default_factory=dict[str, str])
    table: Table | None = None
    counting: set[str] = field(default_factory=set[str])
    """Columns that number the rows of the file."""

    def set(self, name: str, value: Any, reason: str) -> None:
        """Set one of the source's settings."""
        self.settings[name], self.reasons[name] = value, reason

    @property
    def signs(self) -> Signs:
        """How numbers are written in the file, as far as it is set."""
        comma, commas = (False, False) if self.table is None else (self.table.comma, self.table.commas)
        known = self.settings
        return Signs(known.get("decimal"), known.get("thousands"), comma, known.get("accounting", False), commas)


def draft_config(file: str, target: str | None, *, tabular: bool = False) -> str:
    """A commented config that reads this table and trains on it to predict the column `target`: an MLP with its
    settings, or the model `tabular`.

    Raises UserError if the file is no table, or has no such column, DataError where no settings can read it.
    """
    source = _source_of(existing_file(file))
    draft = Draft(source.name, {"path": file, "target": target or "?"})
    table = _readable(draft)
    if target is None or target not in table.columns:
        near = did_you_mean(target, list(table.columns)) if target else ""
        listed = near or "; the columns are " + ", ".join(f"`{name}`" for name in list(table.columns)[:30])
        raise UserError(f"{file}: " + (f"has no column `{target}`{listed}" if target else f"which --target?{listed}"))
    draft.counting = {name for name, found in _decisions(table, draft.signs) if _counts_rows(found.column)}
    draft.table = table = _with_target(draft, table, target)
    found = decide(table.columns[target], draft.signs)
    strays = None if found.cure else found.strays
    texts = [] if strays is None else sorted(set(_texts_at(table.columns[target], strays)))
    if 0 < len(texts) <= _MOST_STRAYS:
        draft.set("missing", texts, f"texts in a target of numbers ({target})")
        draft.table = table = _with_target(draft, _table(draft), target)
    _number_signs(draft, table, target)
    if draft.signs.is_set:  # then `1.234` may be another number
        draft.table = table = _with_target(draft, _table(draft), target)
    for name, column in table.columns.items():
        if name != target:
            _input_column(draft, name, column, table)
    _keep_dates(draft, table, target)
    task = _target_column(draft, table, target)
    data = _data_text(draft, table, "tabular" if tabular else "csv")
    return data + (_recipe(table, task) if tabular else _mlp(draft, table, task))


def _with_target(draft: Draft, table: Table, target: str) -> Table:
    """The rows that have a target: what is decided of a column is decided of the rows that stay."""
    missing = table.columns[target].missing
    if not missing.any() or missing.all():
        return table
    draft.set("missing_target", "drop", f"{int(missing.sum())} rows have no target")
    return table.take(np.flatnonzero(~missing)).used()


def _source_of(file: Path) -> type[Tabular]:
    """The source that reads files with this ending; CSV if no other does."""
    tables = {cls.name: cls for cls in registered(Source) if issubclass(cls, Tabular)}
    return next((cls for cls in tables.values() if file.suffix.lower() in cls.endings), tables["csv"])


def _readable(draft: Draft) -> Table:
    """The table, read with the settings that cure what stands in the way. Raises DataError for what they do not."""
    while True:
        try:
            return _table(draft)
        except CurableError as error:
            if set(error.cure) <= set(draft.settings):  # it did not help
                raise
            for name, value in error.cure.items():
                draft.set(name, value, error.reason)


def _table(draft: Draft) -> Table:
    source = make(Source, draft.source, **draft.settings)
    if not isinstance(source, Tabular):
        raise TypeError(draft.source)
    return source.read_table(str(draft.settings["path"]))


def _number_signs(draft: Draft, table: Table, target: str) -> None:
    """The decimal and thousands signs with which most columns are numbers, where the usual ones do not do."""
    if any(found.cure or "accounting" in found.advice for _, found in _decisions(table, draft.signs)):
        draft.set("accounting", True, "numbers in parentheses are negative")

    def odd(signs: Signs) -> int:
        return sum(
            bool(found.advice) + (name == target and found.kind == "id") for name, found in _decisions(table, signs)
        )

    now = odd(draft.signs)
    if not now:
        return
    pairs = [(d, t) for d, t in product((None, ","), (None, ",", ".", " ", "'")) if (d or ".") != t != d]
    best = min(pairs, key=lambda pair: odd(replace(draft.signs, decimal=pair[0], thousands=pair[1])))
    signs = replace(draft.signs, decimal=best[0], thousands=best[1])
    if odd(signs) >= now:
        return
    notes = (notation_notes("", column, decide(column, signs).notation) for column in table.columns.values())
    example = next((note[0].removeprefix(": ") for note in notes if note), "as the file writes its numbers")
    for name, sign in zip(("decimal", "thousands"), best, strict=True):
        if sign is not None:
            draft.set(name, sign, example)


def _decisions(table: Table, signs: Signs) -> Iterator[tuple[str, Decision]]:
    """Each column's name and kind, one by one: all of them may be more than the memory holds."""
    for name, column in table.columns.items():
        yield name, decide(column, signs)


def _input_column(draft: Draft, name: str, column: Column, table: Table) -> None:
    """What is to be done with a column, if anything."""
    decision = decide(column, draft.signs, categorical=name in table.declared)
    if decision.kind == "number" and decision.strays is None and (code := code_in(column)):
        decision = decide(column, draft.signs, categorical=True)
        draft.set("categorical", [*draft.settings.get("categorical", []), name], f"codes such as {code}")
    why = "counts the rows" if name in draft.counting else _why_dropped(name, decision, column)
    if not why and decision.strays is not None:
        texts = sorted(set(_texts_at(column, decision.strays)))
        others = {
            n: c for n, c in table.columns.items() if n != name and (n == draft.settings["target"] or c.missing.any())
        }
        elsewhere = next((n for n, c in others.items() if _holds(c, texts)), None)
        if len(texts) <= _MOST_STRAYS and elsewhere is None:
            draft.set("missing", sorted({*draft.settings.get("missing", []), *texts}), "texts in columns of numbers")
        else:
            also = "" if elsewhere is None else f", which `{elsewhere}` holds, too"
            why = f"numbers, and {len(texts)} different text{'s'[: len(texts) != 1]} such as {texts[0]}{also}"
    if not why and _gives_target(column, table.columns[str(draft.settings["target"])]):
        why = "gives the target away: each of its values goes with one value of the target"
    if why:
        draft.dropped[name] = why
        draft.settings["drop"] = list(draft.dropped)
    elif decision.kind == "category" and len(as_texts(column).known) > _MANY_CATEGORIES:
        draft.set("max_categories", _MANY_CATEGORIES, f"`{name}` has {len(as_texts(column).known)} categories")


def _keep_dates(draft: Draft, table: Table, target: str) -> None:
    """Dates are inputs where there are no others."""
    if len(draft.dropped) < len(table.columns) - 1:
        return
    dates = [n for n in draft.dropped if decide(table.columns[n], draft.signs).kind == "date"]
    draft.settings["drop"] = [name for name in draft.dropped if name not in dates]
    draft.dropped = {name: why for name, why in draft.dropped.items() if name not in dates}
    if not draft.dropped:
        del draft.settings["drop"]


def _why_dropped(name: str, decision: Decision, column: Column) -> str:
    """Why a column is no input; empty if it is one."""
    if decision.kind == "missing":
        return "empty"
    if decision.kind == "date":
        return "dates; `time: ` and its name would split the rows by them"
    if decision.kind == "id":
        return "a different text in nearly every row"
    numbers = decision.column.values if isinstance(decision.column, Numbers) and decision.strays is None else None
    if numbers is not None and is_id_name(name) and all_different(numbers):
        return "named like an id, with a different number in each row"
    if (column.missing.mean()) > 0.9:
        return "more than 90 % of its cells are missing"
    return ""


def _holds(column: Column, texts: list[str]) -> bool:
    """Whether a column of categories holds one of these texts: as a marker of missing cells it would be lost."""
    if not isinstance(column, Texts) or set(texts).isdisjoint(column.known):
        return False
    return decide(column, Signs()).kind == "category"


def _counts_rows(column: Column) -> bool:
    if not isinstance(column, Numbers) or len(column.values) < FEWEST_COUNTED:
        return False
    return bool((np.diff(column.values) == 1).all()) and column.values[0] in (0, 1)


def _texts_at(column: Column, where: Any) -> Iterator[str]:
    texts = as_texts(column)
    yield from (texts.known[int(code)] for code in np.unique(texts.codes[where]) if code >= 0)


def _gives_target(column: Column, target: Column) -> bool:
    """Whether two columns of few values are the same up to the names of the values."""
    one, other = as_texts(column), as_texts(target)
    if not 2 <= len(one.known) == len(other.known) <= 20:
        return False
    both = (one.codes >= 0) & (other.codes >= 0)
    return len(np.unique(np.column_stack([one.codes, other.codes])[both], axis=0)) == len(one.known)


def _target_column(draft: Draft, table: Table, target: str) -> Task:
    """Settings of the target; the task that it is. Raises DataError if the table cannot be read."""
    _rare_classes(draft, table.columns[target])
    loaded = make(Source, draft.source, **draft.settings).load(np.random.default_rng(0))  # raises what cannot be read
    reason = next((note.partition("because ")[2].partition(";")[0] for note in loaded.notes if "because" in note), "")
    draft.set("task", loaded.task.kind, reason)
    return loaded.task


def _rare_classes(draft: Draft, column: Column) -> None:
    """Leave out classes with one row, where most rows have a class with more."""
    counts = as_texts(column).counts
    singles, decision = int((counts == 1).sum()), decide(column, draft.signs)
    if decision.kind == "category" and 0 < singles <= MOST_RARE * len(column.missing) and (counts > 1).sum() > 1:
        draft.set("min_class_rows", 2, f"{singles} classes have one row only")


def _data_text(draft: Draft, table: Table, template: str) -> str:
    """The head of the config and its `data`, with comments."""
    name = Path(str(draft.settings["path"])).name.partition(".")[0] or "table"
    lines = [
        _HEAD.format(rows=len(table.lines), columns=len(table.columns), name=dump(name).strip(), template=template)
    ]
    lines.append(f"  name: {draft.source}\n")
    for key, value in draft.settings.items():
        reason = draft.reasons.get(key, "")
        if key != "drop":
            lines.append(f"  {key}: {dump_inline(value)}{_comment(reason)}\n")
    if draft.dropped:
        lines.append("  drop:\n")
        lines += [f"    - {dump_inline(name)}{_comment(why)}\n" for name, why in draft.dropped.items()]
    return "".join(lines) + "  split: {val: 0.15, test: 0.15}\n"


def _comment(reason: str) -> str:
    """A comment behind a setting; what a cell holds may have lines of its own."""
    return f"  # {visible(' '.join(reason.split()))}" if reason else ""


def _mlp(draft: Draft, table: Table, task: Task) -> str:
    """The rest of the config: an MLP and its training."""
    lines: list[str] = []
    fills = any(c.missing.any() for n, c in table.columns.items() if n not in draft.dropped)
    lines.append("  preprocess: [fill, standardize]")
    lines.append("  # fill: the training median where a number is missing\n" if fills else "\n")
    output = metrics = ""
    if task.kind == "regression":
        lines.append("  scale_target: true  # train on targets of mean 0, deviation 1; predictions are scaled back\n")
        output = "  output_init: {name: normal, std: 0.01}  # starts near the mean of the targets\n"
        metrics = "\n" + _METRICS
    batch = 32 if len(table.lines) <= _FEW_ROWS else 128
    return "".join(lines) + _MODEL.format(output=output, batch=batch, metrics=metrics)


def _recipe(table: Table, task: Task) -> str:
    """The rest of the config: the model `tabular`, and what it stands for in comments."""
    known = TabularModel.recipe()
    for path, value in TabularModel.suited(task, round(_TRAINING * len(table.lines)), "").items():
        block, _, key = path.partition(".")
        known[block] = {**known.get(block, {}), key: value} if key else value
    data = "".join(f"  # {dump_inline({key: value})[1:-1]}\n" for key, value in known.pop("data").items())
    metrics = _METRICS if task.kind == "regression" else ""
    return data + _TABULAR + metrics + "".join(f"# {dump_inline({key: value})[1:-1]}\n" for key, value in known.items())
