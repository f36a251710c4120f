"""Reads logs of training that other tools wrote: rows of numbers, and which column is what.

CSV with any delimiter (Keras' and Lightning's CSVLogger, TensorBoard's export, hand-made ones), trainer_state.json of
Hugging Face, lists of records as JSON or JSON lines. What is not a number is left out; rows that a restart repeats
count once, as last written.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.store.writing import named_errors

Row = dict[str, float]

KNOWN = (
    *("epoch", "step", "train_loss", "val_loss", "train_accuracy", "val_accuracy", "train_r2", "val_r2"),
    *("lr", "grad_norm", "update_ratio", "reg_loss"),
)
_SHORT = {"loss": "train_loss", "accuracy": "train_accuracy", "r2": "train_r2", "learning_rate": "lr"}
_VAL, _TRAIN = {"val", "valid", "validation", "eval", "dev", "test"}, {"train", "training", "tr"}
_METRICS = {
    **dict.fromkeys(("loss", "nll", "cross_entropy"), "loss"),
    **dict.fromkeys(("acc", "accuracy", "top1", "acc1", "categorical_accuracy", "binary_accuracy"), "accuracy"),
    **dict.fromkeys(("sparse_categorical_accuracy", "multiclass_accuracy", "multiclassaccuracy"), "accuracy"),
    **dict.fromkeys(("r2", "r2_score", "r2score"), "r2"),
    **dict.fromkeys(("lr", "learning_rate", "learningrate"), "lr"),
    **dict.fromkeys(("grad_norm", "gradient_norm", "grad_norm_total", "total_norm", "grad_2_norm_total"), "grad_norm"),
    **dict.fromkeys(("reg_loss", "regularization_loss"), "reg_loss"),
    "update_ratio": "update_ratio",
    **dict.fromkeys(("epoch", "epochs"), "epoch"),
    **dict.fromkeys(("step", "steps", "global_step", "iteration", "iter", "trainer_global_step", "batch"), "step"),
}
_ALONE = ("lr", "grad_norm", "reg_loss", "update_ratio", "epoch", "step")  # metrics that belong to no part
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_LATEST = 1e15  # no run has had so many steps
_NAN, _INF = float("nan"), float("inf")
_WORDS = {"nan": _NAN, "inf": _INF, "infinity": _INF}


@dataclass(frozen=True, slots=True)
class Log:
    """A log: rows of numbers by what they are (`train_loss`), in the order of time; blanks are absent.

    columns: which column of the file each of them is · unused: columns that say nothing to us · notes: what was mended.
    """

    rows: Sequence[Row]
    columns: Mapping[str, str]
    unused: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple[str, ...])


def read_log(path: Path, mapping: Sequence[str] = ()) -> Log:
    """The log in a file. mapping: texts like `loss=train/loss`, which say what a column is.

    Raises UserError if the file cannot be read, a column is named that it does not have, or none is a training loss.
    """
    records = _records(path)
    names = list(dict.fromkeys(key for record in records for key in record))
    numbers = [{key: v for key, cell in record.items() if (v := number_of(cell)) is not None} for record in records]
    columns = _columns(path, [n for n in names if any(n in row for row in numbers)], names, mapping)
    if "train_loss" not in columns:
        raise UserError(
            f"{path}: none of the columns {_few(names)} is known to be the training loss; say which one is: "
            "--map loss=COLUMN"
        )
    wanted = {source: name for name, source in columns.items()}
    rows = [{wanted[k]: v for k, v in row.items() if k in wanted and _possible(wanted[k], v)} for row in numbers]
    rows, notes = _mended([row for row in rows if row], columns)
    if not any("train_loss" in row for row in rows):
        raise UserError(f"{path}: the column `{columns['train_loss']}` holds no number")
    return Log(rows, columns, [n for n in names if n not in wanted], notes)


def number_of(cell: Any) -> float | None:
    """The number that a cell holds, None if it holds none: blanks, texts, dates.

    >>> [number_of(c) for c in (" 0.5 ", "91.2%", "NaN", "1,234.5", "0,25", "tensor(0.5, device='cuda:0')", "-", "")]
    [0.5, 0.912, nan, 1234.5, 0.25, 0.5, None, None]
    """
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return _as_float(cell)
    text = str(cell).strip().strip("'\"")
    if match := re.match(r"tensor\(([^,)]+)", text):
        text = match[1]
    if (word := text.lower().lstrip("+-")) in _WORDS:
        return -_WORDS[word] if text.startswith("-") else _WORDS[word]
    scale = 0.01 if text.endswith("%") else 1.0
    text = text.removesuffix("%").strip()
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"[+-]?\d+,\d+(e[+-]?\d+)?", text, re.IGNORECASE):
        text = text.replace(",", ".")
    return scale * float(text) if _NUMBER.fullmatch(text) else None


def meaning(column: str) -> str | None:
    """What a column is by its name, None if that cannot be told.

    >>> [meaning(c) for c in ("Train/Loss", "val_acc", "eval_loss", "lr-Adam", "train_loss_step", "seconds")]
    ['train_loss', 'val_accuracy', 'val_loss', 'lr', 'train_loss', None]
    """
    words = [w for w in re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", column).lower()) if w]
    val, train = bool(_VAL & set(words)), bool(_TRAIN & set(words))
    rest = [w for w in words if w not in _VAL | _TRAIN]
    if len(rest) > 1 and rest[-1] in ("epoch", "step", "mean", "avg"):
        whole = _METRICS.get("_".join(rest))
        rest = rest if whole else rest[:-1]
    metric = _METRICS.get("_".join(rest))
    if metric is None and rest[:1] == ["lr"]:  # lr-Adam, lr-SGD/pg1
        metric = "lr"
    if metric is None or (val and metric in _ALONE) or (val and train):
        return None
    return metric if metric in _ALONE else f"{'val' if val else 'train'}_{metric}"


def _possible(what: str, value: float) -> bool:
    """Whether a number can be what it is said to be: places in time are finite and count up from 0."""
    return what not in ("epoch", "step") or 0 <= value < _LATEST


def _columns(path: Path, usable: Sequence[str], names: Sequence[str], mapping: Sequence[str]) -> dict[str, str]:
    """What -> column: as the user says, else by name; of several the first, a whole epoch's mean last of all."""
    found: dict[str, str] = {}
    for text in mapping:
        what, sign, source = text.partition("=")
        known = _SHORT.get(what.strip(), what.strip())
        if not sign or known not in KNOWN:
            near = nearest(known, [*KNOWN, *_SHORT])
            meant = f"did you mean `{near}`?" if near else f"it is one of {listed(KNOWN)}"
            raise UserError(f"--map {text}: expected WHAT=COLUMN with a WHAT that is known; {meant}")
        if source not in names:
            near = nearest(source, names)
            meant = f"; did you mean `{near}`?" if near else f"; it has {_few(names)}"
            raise UserError(f"--map {text}: {path} has no column `{source}`{meant}")
        found[known] = source
    taken = set(found.values())
    ordered = sorted(usable, key=lambda name: name.lower().endswith("_epoch"))
    for name in ordered:
        what = meaning(name)
        if what is not None and what not in found and name not in taken:
            found[what] = name
    if "train_loss" not in found and [n.lower() for n in names] == ["wall time", "step", "value"]:
        found |= {"train_loss": names[2], "step": names[1]}
    return {what: found[what] for what in KNOWN if what in found}


def _mended(rows: list[Row], columns: Mapping[str, str]) -> tuple[list[Row], list[str]]:
    """The rows without those that a restart repeated, accuracies as shares, and what was done."""
    notes: list[str] = []
    kept: list[tuple[tuple[float, float], Row]] = []
    place, restarts, repeated = (-_INF, -_INF), 0, 0
    for row in rows:
        here = row.get("epoch", place[0]), row.get("step", place[1])
        if here < place:
            restarts += 1
            while kept and kept[-1][0] >= here:
                kept.pop()
        elif here == place and "step" in row and kept and "train_loss" in row and "train_loss" in kept[-1][1]:
            repeated += 1
            kept[-1][1].pop("train_loss")
        place = here
        kept.append((here, row))
    times = f"{restarts} times" if restarts > 1 else "once"
    if restarts:
        notes.append(f"the log goes back {times}: taken as a restart, repeated rows count as last written")
    if repeated:
        notes.append(f"{repeated} steps stand there twice and count as last written")
    left = [row for _, row in kept if row]
    for score in ("train_accuracy", "val_accuracy"):
        values = [row[score] for row in left if score in row and math.isfinite(row[score])]
        if values and 1.0 < max(values) <= 100.0:
            notes.append(f"{columns[score]} is in percent")
            for row in left:
                if score in row:
                    row[score] /= 100
    return left, notes


def _records(path: Path) -> list[Mapping[str, Any]]:
    """The file as records, whatever its format."""
    with named_errors(path, "read"):
        data = path.read_bytes()
    if b"\0" in data[:1000] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{path}: not a text file; give a CSV or JSON log")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = data.decode(encoding, errors="replace").replace("\0", "")
    if not text.strip():
        raise UserError(f"{path}: the file is empty")
    records = _json(text) if text.lstrip()[0] in "{[" else _csv(path, text)
    if not records:
        raise UserError(f"{path}: no rows in it; expected a CSV with a header, or JSON records")
    return records


def _json(text: str) -> list[Mapping[str, Any]]:
    """trainer_state.json's log_history, a list of records, or a record a line."""
    try:
        read: Any = json.loads(text)
    except (ValueError, RecursionError):
        lines: list[Any] = []
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
        read = lines
    if isinstance(read, dict):
        table = cast("dict[str, Any]", read)
        if isinstance(table.get("log_history"), list):
            read = table["log_history"]
        elif table and all(isinstance(v, list) for v in table.values()):  # columns: Keras' History.history
            columns = cast("dict[str, list[Any]]", table)
            longest = max(map(len, columns.values()))
            read = [{k: v[i] for k, v in columns.items() if i < len(v)} for i in range(longest)]
        else:
            read = [table]
    records = [cast("dict[str, Any]", r) for r in cast("list[Any]", read) if isinstance(r, dict)]
    return [r for r in records if "train_runtime" not in r]  # Hugging Face's last record sums the run up


def _csv(path: Path, text: str) -> list[Mapping[str, Any]]:
    lines = text.splitlines()
    head = next(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    delimiter = max(",;\t|", key=head.count)
    if not head.count(delimiter) and len(head.split()) > 1:
        lines, delimiter = [" ".join(line.split()) for line in lines], " "
    body = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    try:
        rows = list(csv.reader(io.StringIO("\n".join(body)), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise UserError(f"{path}: not CSV") from error
    header = [name.strip() for name in rows[0]]
    return [dict(zip(header, row, strict=False)) for row in rows[1:] if [c.strip() for c in row] != header]


def _few(names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int of more than 308 digits
        return float("inf")
