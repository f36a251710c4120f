"""Reads training logs of other tools: rows of numbers, and the meaning of each column.

A format (`formats/`) turns the file into records. Long tables become wide ones, names become meanings, cells become
numbers, and `rows` puts right what is odd. A log that cannot be read right is refused with the way out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.integrations.logs import names as naming
from trainlab.integrations.logs.cells import decimal_commas, is_missing, number_of
from trainlab.integrations.logs.folders import log_in
from trainlab.integrations.logs.log_format import VALUE, LogFormat, Table, format_of
from trainlab.integrations.logs.long import Records, widened
from trainlab.integrations.logs.names import KNOWN, SHORT, explain, meaning
from trainlab.integrations.logs.rows import Row, Rows
from trainlab.integrations.logs.source import Source
from trainlab.integrations.logs.unreadable import adversaries_in, rewards_in, what_it_is

_VALIDATED = {"val", "valid", "validation", "eval"}  # names of files and folders
_FIRST_SET = re.compile(r"valid(?:ation)?[ _]0(?![\w])")

__all__ = ["Log", "Row", "meaning", "read_log"]


@dataclass(frozen=True, slots=True)
class Log:
    """A log: rows of numbers by meaning (`train_loss`), in order of time; empty cells are absent.

    columns: the column of the file for each meaning · unused: columns without a known meaning · notes: corrections ·
    format: what read it · of_numbers: the loss is the error of predicted numbers · path: the file in a folder.
    """

    rows: Sequence[Row]
    columns: Mapping[str, str]
    unused: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple[str, ...])
    format: str = ""
    of_numbers: bool = False
    path: Path = field(default_factory=Path)


def read_log(path: Path, mapping: Sequence[str] = (), format_name: str | None = None, *, unit: str = "") -> Log:
    """The log in a file, or the one in a folder. mapping: texts like `loss=train/loss` that give a column's meaning ·
    unit: what a step counts, `epoch` or `step`, if that is known.

    Raises UserError if the file cannot be read, lacks a named column, or has neither a training nor a validation loss.
    """
    given = Source(path, tuple(text.partition("=")[2] for text in mapping))
    source, chosen = _found(given, format_name)
    table = chosen.table(source)
    path = source.path
    records = widened(path, table.records)
    records, told = _told_by_path(path, records)
    names = list(dict.fromkeys(key for record in records for key in record))
    commas = decimal_commas(records, names, comma_separates=table.comma_separates)
    numbers = [
        {key: v for key, cell in record.items() if (v := number_of(cell, comma=key in commas)) is not None}
        for record in records
    ]
    usable = [n for n in names if any(n in row for row in numbers)]
    columns, notes = _columns(path, table, usable, names, records, mapping)
    wanted = {source: name for name, source in columns.items()}
    rows = Rows([{wanted[k]: v for k, v in row.items() if k in wanted} for row in numbers], columns, [*table.notes])
    rows.notes += [*told, *notes, *([given.unseen] if given.unseen else [])]
    rows.put_right(unit or table.unit)
    loss = "train_loss" if "train_loss" in columns else "val_loss"
    if not any(loss in row for row in rows.rows):
        raise UserError(f"{path}: the column `{columns[loss]}` holds no number")
    of_numbers = any(found.of_numbers or found.what.endswith("r2") for n in usable if (found := explain(n)))
    unused = [n for n in names if n and n not in wanted]
    return Log(rows.rows, rows.columns, unused, rows.notes, chosen.name, of_numbers, path)


def _found(source: Source, format_name: str | None) -> tuple[Source, LogFormat]:
    """The source, or the log in it if it is a folder, and its format. Raises UserError if there is none."""
    if not source.is_folder and not source.data.strip():
        raise UserError(f"{source.path}: the file is empty")
    chosen = format_of(source, format_name)
    if chosen is None and source.is_folder:
        source = log_in(source)
        chosen = format_of(source, format_name)
    if chosen is None:
        raise UserError(f"{source.path}: {what_it_is(source)}")
    return source, chosen


def _told_by_path(path: Path, records: Records) -> tuple[Records, list[str]]:
    """Columns that name no split are those of the validation in a file or folder that is called so: `eval/loss.tsv`."""
    words = {*naming.split_words(path.name.split(".")[0]), *naming.split_words(path.resolve().parent.name)}
    names = list(dict.fromkeys(key for record in records for key in record))
    found = [m for n in names if (m := explain(n)) is not None and m.what not in naming.ALONE]
    if not words & _VALIDATED or not found or any(m.split for m in found):
        return records, []
    renamed = {n: f"val/{n}" for n in names if (m := explain(n)) is not None and m.what not in naming.ALONE}
    told = f"{path.parent.name}/{path.name} is taken as a log of the validation, by its name"
    return [{renamed.get(k, k): v for k, v in record.items()} for record in records], [told]


def _columns(
    path: Path, table: Table, usable: Sequence[str], names: Sequence[str], records: Records, mapping: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """The column for each meaning, and notes: the user's, then the format's, then by name."""
    given = _mapped(path, names, mapping)
    notes: list[str] = []
    if not given:
        if rewards := rewards_in(names):
            raise UserError(f"{path}: {rewards}")
        _refuse_several_runs(path, usable)
    taken = set(given.values())
    own = {what: column for what, column in table.columns.items() if column in usable}
    sets = _numbered_sets(usable, records)
    named = {sets.get(n, n): n for n in usable if n not in taken and n not in own.values()}
    found = {what: named[n] for what, n in naming.best(named).items()} | own | given
    if sets:
        notes.append(f"{next(iter(sets))} is taken as the training set, by custom and as its loss is the lower one")
    if table.series and not {"train_loss", "val_loss"} & set(given):
        found, told = _series(path, found, records)
        notes += told
    if not given:
        notes += _unqualified(found, records)
    if "train_loss" not in found and "val_loss" not in found:
        if sides := adversaries_in(names):
            raise UserError(f"{path}: {sides}")
        shown = _few(names)
        raise UserError(
            f"{path}: none of the columns {shown} is known as the training loss; name it: --map loss=COLUMN"
        )
    return {what: found[what] for what in KNOWN if what in found}, notes


def _mapped(path: Path, names: Sequence[str], mapping: Sequence[str]) -> dict[str, str]:
    """The meanings that the user gave. Raises UserError with the nearest name for a wrong one."""
    found: dict[str, str] = {}
    for text in mapping:
        what, sign, source = text.partition("=")
        known = SHORT.get(what.strip(), what.strip())
        if not sign or known not in KNOWN:
            near = nearest(known, [*KNOWN, *SHORT])
            meant = f"did you mean `{near}`?" if near else f"it is one of {listed(KNOWN)}"
            raise UserError(f"--map {text}: expected WHAT=COLUMN with a WHAT that is known; {meant}")
        if source not in names:
            near = nearest(source, names)
            meant = f"; did you mean `{near}`?" if near else f"; it has {_few(names)}"
            raise UserError(f"--map {text}: {path} has no column `{source}`{meant}")
        found[known] = source
    return found


def _refuse_several_runs(path: Path, usable: Sequence[str]) -> None:
    """W&B's panels put several runs side by side: `run - train/loss`."""
    runs: dict[str, list[str]] = {}
    for name in usable:
        run, sign, bare = name.rpartition(" - ")
        if sign and explain(name) is not None and meaning(bare) not in naming.ALONE:
            runs.setdefault(bare, []).append(run)
    several = next((bare for bare, found in runs.items() if len(set(found)) > 1), None)
    if several is not None:
        few = _few(f"{run} - {several}" for run in runs[several])
        raise UserError(f"{path}: it holds {len(runs[several])} runs ({few}); choose one: --map 'loss=RUN - {several}'")


def _series(path: Path, found: Mapping[str, str], records: Records) -> tuple[dict[str, str], list[str]]:
    """The meaning of one column without a name: by the file's name, otherwise the training loss.

    Raises UserError if the name says something else, or if the numbers look like a score.
    """
    rest = {what: column for what, column in found.items() if column != VALUE}
    words = naming.split_words(path.name.split(".")[0])
    parts = [" ".join(words[i:j]) for i in range(len(words)) for j in range(len(words), i, -1)]
    meant = [m for part in parts if (m := explain(part)) is not None and m.what not in naming.ALONE]
    known = next((m.what for m in meant if m.split), meant[0].what if meant else None)
    splits = {naming.split_of(w) for w in words} - {None}
    if known is not None and splits == {"val"}:  # `run-validation-tag-epoch_loss.csv` of TensorBoard
        known = known.replace("train_", "val_")
    values = [v for r in records if (v := number_of(r.get(VALUE))) is not None]
    if known in ("train_loss", "val_loss"):
        return {**rest, known: VALUE}, []
    if known is not None:
        raise UserError(
            f"{path}: one column, {known} by its name; give the training loss, or name it: --map loss={VALUE}"
        )
    if len(values) > 1 and all(0 <= v <= 1 for v in values) and values[-1] > values[0]:
        raise UserError(
            f"{path}: one column without a name, which looks like a score; a loss is named by --map loss={VALUE}"
        )
    return {**rest, "train_loss": VALUE}, ["one column without a name: taken as the training loss"]


def _unqualified(found: dict[str, str], records: Records) -> list[str]:
    """Scores whose name has no split are the validation's where the training loss has one, or never stands beside them.

    fastai writes `train_loss, valid_loss, accuracy`; mmengine writes the scores of the validation in rows of their own.
    """
    notes: list[str] = []
    loss = explain(found["train_loss"]) if "train_loss" in found else None
    for metric in ("accuracy", "r2"):
        train, val = f"train_{metric}", f"val_{metric}"
        column = found.get(train)
        named = explain(column) if column is not None else None
        if column is None or named is None or named.split or val in found:
            continue
        held = [r for r in records if not is_missing(r.get(column))]
        beside = any(not is_missing(r.get(found["train_loss"])) for r in held) if "train_loss" in found else True
        if not beside or (loss is not None and loss.split and "val_loss" in found):
            found[val] = found.pop(train)
            notes.append(f"{column} is taken as a score of the validation rows")
    return notes


def _numbered_sets(usable: Sequence[str], records: Records) -> dict[str, str]:
    """Columns of evaluation sets that are numbered only, as XGBoost and LightGBM do, by names that tell the split.

    By custom the first of two is the training set. It is taken as that if no other column is, and if its loss ends
    below that of the second.
    """
    pairs = {n: n[: m.end() - 1] + "1" + n[m.end() :] for n in usable if (m := _FIRST_SET.match(n))}
    pairs = {first: second for first, second in pairs.items() if second in usable}
    if not pairs or any(meaning(n) == "train_loss" for n in usable):
        return {}
    for first, second in pairs.items():
        ends = [_last(records, n) for n in (first, second)]
        if meaning(first) == "val_loss" and not ends[0] < ends[1]:
            return {}
    named = {n: f"train{n[m.end() :]}" for n in pairs if (m := _FIRST_SET.match(n))}
    return named | {second: f"val{named[first].removeprefix('train')}" for first, second in pairs.items()}


def _last(records: Records, name: str) -> float:
    """The last number of a column."""
    return next((v for r in reversed(records) if (v := number_of(r.get(name))) is not None), 0.0)


def _few(names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
