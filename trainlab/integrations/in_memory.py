"""Arrays and DataFrames in a config from Python: stored as a file next to the runs, which the config names.

So the run folder is complete: a run can be resumed, scored and reported without the program that made it.
"""

from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.data.frame import is_frame
from trainlab.data.notation import parse_number
from trainlab.store.writing import write_atomic

FOLDER = ".data"  # inside the folder of runs
_ARRAYS = ("x", "y", "x_val", "y_val", "x_test", "y_test", "sample_weight", "sample_weight_val")
_NAMES = {"X": "x", **{f"{name}_train": name for name in "xy"}, "X_train": "x", "X_val": "x_val", "X_test": "x_test"}


def with_stored_rows(config: Mapping[str, Any], runs: Path) -> Mapping[str, Any]:
    """The config, with arrays and DataFrames under `data` (x, y, and the same with _val and _test; sample_weight, and
    the same with _val) stored as files. X, X_train and y_train are other names of x and y; (X, y) is a pair of both.

    Arrays become a .npz file. A DataFrame x becomes a CSV, in which the target is y or the column that `target` names.
    Configs that hold no such rows come back as they are. Raises UserError for rows that cannot be stored.
    """
    data = _pair_named(config.get("data"))
    if is_frame(data) or isinstance(data, np.ndarray):
        raise UserError('data: expected {"x": ..., "y": ...}; of a DataFrame {"x": frame, "target": "its column"}')
    if not isinstance(data, Mapping):
        return config
    settings = {_NAMES.get(name, name): value for name, value in cast("Mapping[str, Any]", data).items()}
    if "x" not in settings and (found := [name for name, value in settings.items() if hasattr(value, "shape")]):
        raise UserError(f"data.{found[0]}: give the rows as `x`, the targets as `y` (or `target`, a column of x)")
    if "x" not in settings or isinstance(settings["x"], str | Path):
        return config
    rows = {name: settings.pop(name) for name in _ARRAYS if name in settings}
    framed = is_frame(rows["x"])
    made = _frames(rows, settings, runs) if framed else _arrays(rows, runs)
    return {"name": "table" if framed else "arrays", **config, "data": {**settings, **made}}


def _pair_named(data: Any) -> Any:
    """`(X, y)` as the table that it stands for; anything else as it is."""
    if not isinstance(data, tuple) or len(cast("tuple[Any, ...]", data)) != 2:
        return cast(Any, data)
    x, y = cast("tuple[Any, Any]", data)
    return {"x": x, "y": y}


def _arrays(rows: Mapping[str, Any], runs: Path) -> dict[str, Any]:
    arrays = {name: _array(name, value) for name, value in rows.items()}
    for part in ("", "_val", "_test"):
        if {f"x{part}", f"y{part}"} <= arrays.keys() and len(arrays[f"x{part}"]) != len(arrays[f"y{part}"]):
            count = f"{len(arrays[f'y{part}'])} targets for the {len(arrays[f'x{part}'])} rows of x{part}"
            raise UserError(f"data.y{part}: {count}; one for each row is needed")
    buffer = BytesIO()
    np.savez(buffer, **arrays)  # pyright: ignore[reportArgumentType] - numpy's stubs take the names for its own settings
    digest = sha256(b"".join(f"{n} {a.dtype} {a.shape}".encode() + a.tobytes() for n, a in sorted(arrays.items())))
    return {"name": "npz", "path": _stored(buffer.getvalue(), digest.hexdigest(), ".npz", runs)}


def _array(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise UserError(f"data.{name}: expected rows of numbers, all of one length") from None
    if array.dtype.kind != "O":
        return array
    if hasattr(value, "toarray"):
        raise UserError(f"data.{name}: a sparse matrix; give {name}.toarray(), if memory can hold it")
    if array.ndim == 1 and all(isinstance(label, str) for label in array.tolist()):
        return array.astype(str)
    raise UserError(f"data.{name}: expected rows of numbers, or text labels, all of one length")


def _frames(rows: Mapping[str, Any], settings: Mapping[str, Any], runs: Path) -> dict[str, Any]:
    target, weight = settings.get("target"), settings.get("weight")
    made: dict[str, Any] = {"name": "csv"}
    for part in ("", "_val", "_test"):
        if f"x{part}" not in rows:
            continue
        frame, y = rows[f"x{part}"], rows.get(f"y{part}")
        if not is_frame(frame):
            raise UserError(f"data.x{part}: expected a DataFrame, as x is")
        if y is not None:
            target = target or str(getattr(rows["y"], "name", None) or "target")
            if target in frame.columns:
                raise UserError(f"data.y: column `{target}` is in x, too; leave y out, or drop the column from x")
            frame = frame.assign(**{str(target): _along(frame, f"y{part}", y)})
        if (name := f"sample_weight{part}") in rows:
            if "sample_weight" in frame.columns:
                raise UserError("data.sample_weight: x has a column of this name, too; set `weight: sample_weight`")
            frame, weight = frame.assign(sample_weight=_along(frame, name, rows[name])), "sample_weight"
        if target is None:
            raise UserError("data: a DataFrame x needs y, or `target`, the name of the column to predict")
        stored = frame.to_csv(index=False).encode()
        made[f"{part[1:]}_path" if part else "path"] = _stored(stored, sha256(stored).hexdigest(), ".csv", runs)
    codes = _codes(rows["x"], settings)
    return made | {"target": target, "weight": weight} | ({"categorical": codes} if codes else {})


def _along(frame: Any, name: str, values: Any) -> Array:
    """One value for each row of a DataFrame, in their order: the index is not looked at."""
    found = np.asarray(values)
    if found.ndim != 1 or len(found) != len(frame):
        what = f"has the shape {found.shape}, but x has {len(frame)} rows; one value a row is needed"
        raise UserError(f"data.{name}: {what}")
    return found


def _codes(frame: Any, settings: Mapping[str, Any]) -> list[str]:
    """Columns that pandas holds as text or categories, although a CSV would make numbers of them."""
    numeric = import_module("pandas").api.types.is_numeric_dtype
    named: list[str] = list(settings.get("categorical", ()))
    for name in frame.columns:
        texts = [] if numeric(frame[name].dtype) else [str(value) for value in frame[name].dropna().unique()]
        if texts and all(parse_number(text) is not None for text in texts) and name not in named:
            named.append(str(name))
    return named


def _stored(content: bytes, digest: str, ending: str, runs: Path) -> str:
    """The path of a file with this content, written if it is not there yet."""
    path = runs / FOLDER / f"{digest[:16]}{ending}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
    return str(path)
