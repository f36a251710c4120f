"""Damages a file of a run folder, by what kind of file it is: bytes, values, or something else in its place."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from damaged_data import mutant
from hostile_values import CELLS, changed, text_of

from trainlab.store import checkpoint


def damage(path: Path, rng: np.random.Generator) -> str:
    """Damages one file, and says how."""
    good = path.read_bytes()
    kind = int(rng.integers(10))
    if kind == 0:
        return _replaced(path, rng)
    if kind <= 2:
        path.write_bytes(mutant(good, rng))
        return "bytes"
    how = {".json": _json, ".jsonl": _jsonl, ".yaml": _yaml, ".csv": _csv, ".safetensors": _checkpoint}[path.suffix]
    how(path, rng)
    return "values"


def _replaced(path: Path, rng: np.random.Generator) -> str:
    path.unlink()
    match int(rng.integers(8)):
        case 0:
            return "missing"
        case 1:
            path.mkdir()
            return "folder"
        case 2:
            path.symlink_to(Path("outside/victim").resolve())
            return "link"
        case 3:
            path.symlink_to(Path("/dev/zero"))
            return "link"
        case 4:
            os.mkfifo(path)
            return "fifo"
        case 5:
            path.touch()
            return "empty"
        case 6:
            with path.open("wb") as file:
                file.truncate(3 << 30)
            return "3 GB of zeros"
        case _:
            path.symlink_to(path)
            return "link to itself"


def _json(path: Path, rng: np.random.Generator) -> None:
    path.write_text(text_of(*changed(json.loads(path.read_text()), rng), indent=2))


def _jsonl(path: Path, rng: np.random.Generator) -> None:
    lines = path.read_text().splitlines() or ["{}"]
    at = int(rng.integers(len(lines)))
    lines[at] = text_of(*changed(json.loads(lines[at]), rng))
    path.write_text("\n".join(lines) + "\n")


def _yaml(path: Path, rng: np.random.Generator) -> None:
    path.write_text(text_of(*changed(yaml.safe_load(path.read_text()), rng), indent=1))


def _csv(path: Path, rng: np.random.Generator) -> None:
    rows = [line.split(",") for line in path.read_text().splitlines()]
    row, column = int(rng.integers(len(rows))), int(rng.integers(len(rows[0])))
    match int(rng.integers(8)):
        case 0:
            rows = [[*r[:column], *r[column + 1 :]] for r in rows]
        case 1:
            rows[0][column] = rows[0][int(rng.integers(len(rows[0])))]
        case 2:
            rows = [rows[0], *(rows[1:][i] for i in rng.permutation(len(rows) - 1))]
        case 3:
            rows[1:] = rows[1:] * 2
        case 4:
            rows = rows[:1]
        case 5:
            cell = CELLS[int(rng.integers(len(CELLS)))]
            rows[1:] = [[*r[:column], cell, *r[column + 1 :]] for r in rows[1:]]
        case _:
            rows[row][min(column, len(rows[row]) - 1)] = CELLS[int(rng.integers(len(CELLS)))]
    path.write_bytes("\n".join([*map(",".join, rows), ""]).encode(errors="surrogatepass"))


def _checkpoint(path: Path, rng: np.random.Generator) -> None:
    """Other arrays, or other metadata, with checksums that fit: a file that somebody made."""
    arrays, meta = checkpoint.load(path)
    if rng.random() < 0.5:
        made, raw = changed(meta, rng)
        text = text_of(made, raw)
        try:
            meta = json.loads(text)
        except (ValueError, RecursionError):
            meta = {}
        checkpoint.save(path, arrays, meta if isinstance(meta, dict) else {"meta": meta})
        return
    name = sorted(arrays)[int(rng.integers(len(arrays)))]
    array = arrays.pop(name)
    made_of: list[Callable[[], Any]] = [
        lambda: None,
        lambda: np.zeros((0,), array.dtype),
        lambda: array.reshape(-1)[:-1],
        lambda: np.concatenate([array.reshape(-1)] * 2),
        lambda: array.reshape(-1)[:1].reshape(()),
        lambda: array[None],
        lambda: array.astype(np.float64 if array.dtype.kind != "f" else np.int64),
        lambda: np.full_like(array, np.nan if array.dtype.kind == "f" else -1),
        lambda: np.full_like(array, 3e38 if array.dtype.kind == "f" else np.iinfo(np.int32).max % 120),
    ]
    with np.errstate(all="ignore"):
        other = made_of[int(rng.integers(len(made_of)))]()
    checkpoint.save(path, arrays if other is None else arrays | {name: np.ascontiguousarray(other)}, meta)
