"""CSV files that a run writes row by row (metrics.csv, steps.csv, layers.csv), and that are read back exactly.

Floats are the shortest text that reads back as the same float, an absent value is an empty cell, and nan and the
infinities are `nan`, `inf`, `-inf`. A line break inside a text becomes a space: one row is one line, always.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson

from trainlab.core.errors import UserError
from trainlab.store.appending import Appender, decoded, read_lines
from trainlab.store.opening import reading
from trainlab.store.writing import named_errors

if TYPE_CHECKING:
    from trainlab.core.types import Array

ALL_STEPS = 20_000  # up to here every step has a row
_TAIL = 1 << 16  # a row is shorter than this
_LARGEST = 10**18  # whole number in a file of numbers
_MOST_TRIALS = 10**9
_NOTHING: list[str] = []


class RowWriter(Appender):
    """Appends rows to a CSV file with fixed columns, the operating system has each row before `write` returns.

    Opening an existing file keeps its whole rows and cuts off a torn one. Raises UserError if the file cannot be
    written or has other columns.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._known = frozenset(self.columns)
        header = (",".join(map(_cell, self.columns)) + "\n").encode()
        super().__init__(path, header)
        try:
            if self.found:
                _check_header(path, header)
        except UserError:
            self.close()
            raise

    def write(self, row: Mapping[str, object]) -> None:
        """Appends one row; a missing column stays empty."""
        self._refuse_unknown(row)
        self.append(_line([_cell(row.get(c)) for c in self.columns]).encode())

    def write_many(self, columns: Mapping[str, "Array | Sequence[object]"]) -> None:
        """Appends rows given by column, all of one length; a missing column stays empty."""
        self._refuse_unknown(columns)
        lengths = {len(v) for v in columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        count = max(lengths, default=0)
        if len(columns) == len(self.columns) and all(_is_numbers(v) for v in columns.values()):
            self.append(_number_lines([cast("Array", columns[c]) for c in self.columns]))
            return
        cells = [_cells(columns[c]) if c in columns else [""] * count for c in self.columns]
        self.append("".join(map(_line, zip(*cells, strict=True))).encode())

    def _refuse_unknown(self, given: Mapping[str, object]) -> None:
        if not given.keys() <= self._known:
            raise ValueError(f"no such columns: {sorted(given.keys() - self._known)}")


def _number_lines(columns: "Sequence[Array]") -> bytes:
    """The rows of columns of numbers. orjson writes a float in a tenth of the time of `repr`, but no nan or infinity:
    a row of steps.csv would else cost as much as a sixth of a step of a tiny network.
    """
    lists = [column.tolist() for column in columns]
    text = orjson.dumps(list(zip(*lists, strict=True)))
    if b"null" in text:
        line = ",".join(["%r"] * len(lists)) + "\n"
        return "".join(map(line.__mod__, zip(*lists, strict=True))).encode()
    return text[2:-2].replace(b"],[", b"\n") + b"\n" if len(text) > 2 else b""


def kept_steps(first: int, last: int) -> "slice | Array":
    """The steps from `first` to `last` with a row in steps.csv: all up to 20 000, then every 2nd, 4th, ... as steps
    double. An index into their rows.

    >>> import numpy as np
    >>> np.arange(39_998, 40_009)[kept_steps(39_998, 40_008)].tolist()
    [39998, 40000, 40004, 40008]
    """
    stride = _stride(first)
    if stride == _stride(last):
        return slice(-first % stride, None, stride)
    import numpy as np  # here: `trainlab --help` reads this module

    return np.array([step % _stride(step) == 0 for step in range(first, last + 1)])


def _stride(step: int) -> int:
    return 1 << (max(1, -(-step // ALL_STEPS)) - 1).bit_length()


def read_rows(path: Path, length: int | None = None) -> dict[str, list[Any]]:
    """The columns of a CSV file by name: ints, floats or texts, None for an empty cell; a torn last line is left out.

    length: read only so many bytes, which are whole lines.
    Raises UserError if the file is missing, unreadable, or has a row that does not fit its header.
    """
    text = read_lines(path, length)
    if (plain := _plain(text)) is not None:
        return {name: _values(cells) for name, cells in plain}
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = next(reader, _NOTHING)
        rows = list(reader)
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: not CSV") from error
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise UserError(f"{path}:{number}: {len(row)} cells in a row, but the header has {len(header)}")
    columns = zip(*rows, strict=True) if rows else [() for _ in header]
    if len(set(header)) < len(header):
        raise UserError(f"{path}:1: two columns have one name")
    return {name: _values(cells) for name, cells in zip(header, columns, strict=True)}


def read_metrics(path: Path, length: int | None = None) -> dict[str, list[Any]]:
    """The columns of metrics.csv: numbers, None for an empty cell.

    Raises UserError as `read_rows`, and if a cell is no number or a row has no epoch. `read_steps` does so, too.
    """
    return _counted(path, "epoch", length=length)


def read_steps(path: Path, length: int | None = None) -> dict[str, list[Any]]:
    """The columns of steps.csv, as `read_metrics`."""
    return _counted(path, "step", length=length)


def read_layers(path: Path) -> dict[str, list[Any]]:
    """The columns of layers.csv, as `read_metrics`; layers and quantities are texts."""
    return _counted(path, "step", ("layer", "quantity"), numbers=("value",))


def read_regions(path: Path) -> dict[str, list[Any]]:
    """The columns of regions.csv, as `read_metrics`; cells are texts."""
    return _counted(path, "epoch", ("cells",))


def _counted(
    path: Path, key: str, texts: Sequence[str] = (), *, numbers: Sequence[str] = (), length: int | None = None
) -> dict[str, list[Any]]:
    """The columns of a file whose rows are counted by `key`: texts, these numbers, and others, which may be missing."""
    rows = read_rows(path, length)
    for name, values in rows.items():
        if name in texts:
            rows[name] = ["" if value is None else str(value) for value in values]
        else:
            _require_numbers(path, name, values)
    if rows and (missing := {key, *texts, *numbers} - rows.keys()):
        raise UserError(f"{path}:1: there is no column `{min(missing)}`")
    counts: list[Any] = rows.get(key, [])
    if counts and (type(counts[0]) is not int or None in counts):  # a column is of one type
        line = next(i for i, count in enumerate(counts, start=2) if type(count) is not int)
        raise UserError(f"{path}:{line}: column `{key}`: a whole number is expected")
    return rows


def read_trials(path: Path) -> dict[str, list[Any]]:
    """The columns of trials.csv. Raises UserError as `read_rows`, and if trials have no number or no status."""
    rows = read_rows(path)
    numbers: list[Any] = rows.get("trial", [])
    if rows and ("status" not in rows or "trial" not in rows):
        raise UserError(f"{path}:1: columns `trial` and `status` are expected")
    for line, number in enumerate(numbers, start=2):
        if type(number) is not int or not 0 < number < _MOST_TRIALS:
            raise UserError(f"{path}:{line}: column `trial`: a number of a trial is expected")
    for name, values in rows.items():
        _require_floats(path, name, values)
    return rows


def sampled_value(cell: Any) -> Any:
    """A sampled value from its cell in trials.csv: JSON where it is JSON.

    >>> sampled_value("[64, 32]"), sampled_value("adam"), sampled_value(0.5)
    ([64, 32], 'adam', 0.5)
    """
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        return cell


def _require_numbers(path: Path, name: str, values: Sequence[Any]) -> None:
    """All cells of a column are read as one type, so the first that is not empty tells which."""
    if isinstance(next((value for value in values if value is not None), 0), str):
        line, cell = next((i, v) for i, v in enumerate(values, start=2) if v is not None and not _is_number(v))
        raise UserError(f"{path}:{line}: column `{name}`: `{cell[:40]}` is not a number")
    if type(next((value for value in values if value is not None), None)) is int:
        _require_floats(path, name, values)


def _require_floats(path: Path, name: str, values: Sequence[Any]) -> None:
    """Raises UserError for a whole number that no float could hold, and no arithmetic of ours."""
    if any(type(value) is int and not -_LARGEST < value < _LARGEST for value in values):
        raise UserError(f"{path}: column `{name}`: a number has more than 18 digits")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _plain(text: str) -> list[tuple[str, list[str]]] | None:
    """Names and cells of columns, a third faster than `csv`; None if a cell is quoted, or a row does not fit."""
    head, _, body = text.partition("\n")
    names = head.split(",")
    if len(names) < 2 or len(set(names)) < len(names) or '"' in text or "\r" in text:
        return None
    cells = body.replace("\n", ",\n,").split(",")[:-1]  # each line break is a cell, so that each row shows its end
    ends = cells[len(names) :: len(names) + 1]
    if not len(ends) == ends.count("\n") == body.count("\n"):
        return None
    return [(name, cells[i :: len(names) + 1]) for i, name in enumerate(names)]


def last_row(path: Path) -> dict[str, Any]:
    """The last whole row of a CSV file by column, empty if it has none. Reads only the start and the end of the file.

    Raises UserError if the file is missing, unreadable, or the row does not fit the header.
    """
    with named_errors(path, "read"), reading(path) as file:
        head = file.read(_TAIL)
        size = file.seek(0, io.SEEK_END)
        if size > _TAIL:
            file.seek(-_TAIL, io.SEEK_END)
        else:
            file.seek(0)
        tail = file.read()
    lines = tail[: tail.rfind(b"\n") + 1].splitlines()
    header = next(csv.reader([decoded(path, head[: head.find(b"\n") + 1])]), _NOTHING)
    if not header or not lines or (len(lines) == 1 and size <= _TAIL):
        return {}
    row = next(csv.reader([decoded(path, lines[-1])]), _NOTHING)
    if len(row) != len(header):
        raise UserError(f"{path}: {len(row)} cells in the last row, but the header has {len(header)}")
    found = {name: _values([cell])[0] for name, cell in zip(header, row, strict=True)}
    for name, value in found.items():
        _require_floats(path, name, [value])
    return found


def _check_header(path: Path, header: bytes) -> None:
    with named_errors(path, "read"), reading(path) as file:
        found = file.readline()
    if found != header:
        raise UserError(
            f"{path}:1: the columns are `{decoded(path, found).strip()}`, but this run writes "
            f"`{header.decode().strip()}`; the file is another run's or another version's"
        )


def _cells(values: "Array | Sequence[object]") -> list[str]:
    if _is_numbers(values):
        return [repr(v) for v in cast("Array", values).tolist()]
    return [_text(v) if isinstance(v, str) else _cell(v) for v in values]


def _is_numbers(values: object) -> bool:
    """Whether the values are a NumPy array of numbers, which `tolist` turns into plain ints and floats."""
    return getattr(getattr(values, "dtype", None), "kind", "") in "fiu" and hasattr(values, "tolist")


def _line(cells: Sequence[str]) -> str:
    return (",".join(cells) or '""') + "\n"  # an empty line would not be a row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return float.__repr__(value)  # NumPy's floats are floats, but have another repr
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if hasattr(value, "item"):
        return _cell(cast("Any", value).item())
    return _text(str(value))


@lru_cache(maxsize=1024)
def _text(value: str) -> str:
    text = " ".join(value.splitlines())
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"') else text


def _values(cells: Sequence[str]) -> list[Any]:
    """Ints if all cells are, else floats if all are, else texts."""
    for kind in (int, float):
        try:
            return [None if c == "" else kind(c) for c in cells] if "" in cells else list(map(kind, cells))
        except ValueError:
            continue
    return [None if c == "" else c for c in cells]
