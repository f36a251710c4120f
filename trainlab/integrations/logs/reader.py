"""Reads training logs of other tools: rows of numbers, and the meaning of each column.

A format is a module that turns the text into records, one dict per row: `delimited` (Keras' and Lightning's CSVLogger,
TensorBoard's export, hand-made files) and `json_records`. Cells that are not numbers are left out. Of rows that a
restart repeats, the last ones count.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.integrations.logs import delimited, json_records
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
_ALONE = ("lr", "grad_norm", "reg_loss", "update_ratio", "epoch", "step")  # metrics that belong to no split
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_LATEST = 1e15  # no run has had so many steps
_NAN, _INF = float("nan"), float("inf")
_WORDS = {"nan": _NAN, "inf": _INF, "infinity": _INF}


@dataclass(frozen=True, slots=True)
class Log:
    """A log: rows of numbers by meaning (`train_loss`), in order of time; empty cells are absent.

    columns: the column of the file for each meaning · unused: columns without a known meaning · notes: corrections.
    """

    rows: Sequence[Row]
    columns: Mapping[str, str]
    unused: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple[str, ...])


def read_log(path: Path, mapping: Sequence[str] = ()) -> Log:
    """The log in a file. mapping: texts like `loss=train/loss` that give the meaning of a column.

    Raises UserError if the file cannot be read, lacks a named column, or has no training loss.
    """
    records = _records(path)
    names = list(dict.fromkeys(key for record in records for key in record))
    numbers = [{key: v for key, cell in record.items() if (v := number_of(cell)) is not None} for record in records]
    columns = _columns(path, [n for n in names if any(n in row for row in numbers)], names, mapping)
    if "train_loss" not in columns:
        raise UserError(
            f"{path}: none of the columns {_few(names)} is known as the training loss; name it: --map loss=COLUMN"
        )
    wanted = {source: name for name, source in columns.items()}
    rows = [{wanted[k]: v for k, v in row.items() if k in wanted and _possible(wanted[k], v)} for row in numbers]
    rows, notes = _corrected([row for row in rows if row], columns)
    if not any("train_loss" in row for row in rows):
        raise UserError(f"{path}: the column `{columns['train_loss']}` holds no number")
    return Log(rows, columns, [n for n in names if n not in wanted], notes)


def number_of(cell: Any) -> float | None:
    """The number in a cell; None for a blank, a text or a date.

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
    """The meaning of a column by its name; None if unknown.

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
    """Whether a value is possible for its meaning: epochs and steps are finite and not negative."""
    return what not in ("epoch", "step") or 0 <= value < _LATEST


def _columns(path: Path, usable: Sequence[str], names: Sequence[str], mapping: Sequence[str]) -> dict[str, str]:
    """The column for each meaning: the user's, otherwise by name; the first of several, epoch means last."""
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


def _corrected(rows: list[Row], columns: Mapping[str, str]) -> tuple[list[Row], list[str]]:
    """The rows without those that a restart repeated, accuracies as shares, and notes on the corrections."""
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
        notes.append(f"the log goes back {times}, taken as a restart: the last of repeated rows count")
    if repeated:
        notes.append(f"{repeated} steps are logged twice: the last ones count")
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
    """The file as records."""
    with named_errors(path, "read"):
        data = path.read_bytes()
    if b"\0" in data[:1000] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{path}: not a text file; give a CSV or JSON log")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = data.decode(encoding, errors="replace").replace("\0", "")
    if not text.strip():
        raise UserError(f"{path}: the file is empty")
    records = json_records.records(text) if text.lstrip()[0] in "{[" else delimited.records(path, text)
    if not records:
        raise UserError(f"{path}: no rows in it; expected a CSV with a header, or JSON records")
    return records


def _few(names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int of more than 308 digits
        return float("inf")
