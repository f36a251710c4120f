"""metrics.csv, steps.csv, layers.csv: written as they happen, read back exactly, whatever kills the writer."""

import math
import subprocess
import sys

import numpy as np
import pytest

from trainlab.core.errors import UserError
from trainlab.store.columns import STEP_COLUMNS, metric_columns
from trainlab.store.rows import RowWriter, kept_steps, last_row, read_rows


def same(a, b):
    """Equal cell by cell, nan equal to nan, int apart from float."""
    return len(a) == len(b) and all(
        type(x) is type(y) and (x == y or (isinstance(x, float) and math.isnan(x) and math.isnan(y)))
        for x, y in zip(a, b, strict=True)
    )


HARD = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 3.0, math.nan, math.inf, -math.inf, None]


def test_floats_read_back_exactly(tmp_path):
    """Every float, nan and the infinities included, reads back as itself; an absent value as None."""
    path = tmp_path / "m.csv"
    rng = np.random.default_rng(0)
    values = HARD + [float(x) for x in rng.integers(0, 2**63, 2000).view(np.float64)]
    with_writer(path, ["x"], [{"x": v} for v in values])
    assert same(read_rows(path)["x"], values)
    assert math.copysign(1, read_rows(path)["x"][4]) == -1


def with_writer(path, columns, rows):
    """Writes rows and closes the file."""
    writer = RowWriter(path, columns)
    for row in rows:
        writer.write(row)
    writer.close()


def test_whole_file(tmp_path):
    """The file is plain CSV: a header, ints without a point, an empty cell for what is absent, quotes where needed."""
    path = tmp_path / "m.csv"
    rows = [
        {"epoch": 0, "loss": np.float64(0.5), "why": 'said "a, b"'},
        {"epoch": np.int64(1), "why": "two\nlines"},
        {"epoch": 2, "loss": np.float32(0.1), "why": None},
    ]
    with_writer(path, ["epoch", "loss", "why"], rows)
    assert path.read_text() == ('epoch,loss,why\n0,0.5,"said ""a, b"""\n1,,two lines\n2,0.10000000149011612,\n')
    assert read_rows(path) == {
        "epoch": [0, 1, 2],
        "loss": [0.5, None, 0.10000000149011612],
        "why": ['said "a, b"', "two lines", None],
    }


@pytest.mark.parametrize("tail", [b"", b"9,0.", b'9,"0'])
def test_torn_at_every_byte(tmp_path, tail):
    """Cut anywhere, the file reads as its whole rows, and a writer goes on after the last of them."""
    path = tmp_path / "m.csv"
    with_writer(path, ["step", "größe"], [{"step": i, "größe": f"é{i}"} for i in range(4)])
    whole = path.read_bytes()
    header = whole.index(b"\n") + 1
    for cut in range(len(whole) + 1):
        left = whole[:cut] + (tail if cut >= header and whole[:cut].endswith(b"\n") else b"")
        path.write_bytes(left)
        rows = max(whole[:cut].count(b"\n") - 1, 0)
        if cut >= header:
            assert read_rows(path) == {"step": list(range(rows)), "größe": [f"é{i}" for i in range(rows)]}
            assert last_row(path) == ({"step": rows - 1, "größe": f"é{rows - 1}"} if rows else {})
        else:
            assert read_rows(path) == {}
            assert last_row(path) == {}
        with_writer(path, ["step", "größe"], [{"step": 99, "größe": "neu"}])
        assert read_rows(path)["step"] == [*range(rows), 99]


def test_resume_truncates_to_a_position(tmp_path):
    """Rows after the checkpoint's position go; the file is then the one that an unbroken run writes."""
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    rows = [{"step": i, "loss": i / 7} for i in range(10)]
    with_writer(one, ["step", "loss"], rows)
    writer = RowWriter(two, ["step", "loss"])
    for row in rows[:4]:
        writer.write(row)
    position = writer.tell()
    for row in rows[5:8]:
        writer.write(row)
    writer.close()
    writer = RowWriter(two, ["step", "loss"])
    writer.truncate(position)
    for row in rows[4:]:
        writer.write(row)
    assert two.read_bytes() == one.read_bytes()
    writer.truncate(0)
    assert two.read_text() == "step,loss\n", "the header stays"
    writer.close()


@pytest.mark.parametrize("position", [13, 500])
def test_a_wrong_position_is_refused(tmp_path, position):
    """A position where no row ends means another file: nothing is cut."""
    path = tmp_path / "m.csv"
    with_writer(path, ["step", "loss"], [{"step": 1, "loss": 2.5}])
    writer = RowWriter(path, ["step", "loss"])
    with pytest.raises(UserError) as caught:
        writer.truncate(position)
    assert str(caught.value) == (
        f"{path}: no line ends at byte {position} (the file has 16 bytes), where the checkpoint says that its last row "
        "ended; it was changed since, and the run cannot be resumed"
    )
    assert path.read_text() == "step,loss\n1,2.5\n"
    writer.close()


def test_other_columns_are_refused(tmp_path):
    """Rows of other columns are never appended to a file."""
    path = tmp_path / "m.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError) as caught:
        RowWriter(path, ["a", "c"])
    assert str(caught.value) == (
        f"{path}:1: the columns are `a,b`, but this run writes `a,c`; the file is another run's or another version's"
    )
    assert path.read_text() == "a,b\n1,2\n"


def test_a_column_that_is_not_there_is_a_bug(tmp_path):
    """A misspelt column is not dropped silently."""
    writer = RowWriter(tmp_path / "m.csv", ["a", "b"])
    with pytest.raises(ValueError, match="no such columns: \\['c'\\]"):
        writer.write({"c": 1})
    with pytest.raises(ValueError, match="columns of different lengths"):
        writer.write_many({"a": [1], "b": [1, 2]})
    writer.close()


def test_columns_equal_rows(tmp_path):
    """Arrays written by column give the same bytes as the same values written row by row."""
    rng = np.random.default_rng(1)
    data = {c: rng.normal(size=50) for c in STEP_COLUMNS[1:]}
    data["loss"][3], data["lr"][4], data["grad_norm"][5] = np.nan, np.inf, -np.inf
    data = {"step": np.arange(50), **data}
    a, b, c = RowWriter(tmp_path / "a", STEP_COLUMNS), RowWriter(tmp_path / "b", STEP_COLUMNS), tmp_path / "c"
    a.write_many(data)
    for i in range(50):
        b.write({k: v[i] for k, v in data.items()})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    part = RowWriter(c, STEP_COLUMNS)
    part.write_many({"step": data["step"], "loss": [None, *data["loss"][1:]]})
    part.write_many({})
    for writer in (a, b, part):
        writer.close()
    assert read_rows(c)["step"] == list(range(50))
    assert read_rows(c)["loss"][:2] == [None, data["loss"][1]]
    assert read_rows(c)["lr"] == [None] * 50


def test_last_row_of_a_long_file(tmp_path):
    """The last row is found from the file's end, also when it is longer than what is read of it."""
    path = tmp_path / "s.csv"
    writer = RowWriter(path, STEP_COLUMNS)
    writer.write_many({c: np.arange(20_000) * (1 if c == "step" else 0.1) for c in STEP_COLUMNS})
    writer.close()
    assert path.stat().st_size > 1 << 17
    assert last_row(path) == {k: v[-1] for k, v in read_rows(path).items()}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (b"a,b\n1,2\n3\n", ":3: 1 cells in a row, but the header has 2"),
        (b"a,b\n1,\xff\n", ":2: not UTF-8 text (byte 0xff)"),
    ],
)
def test_a_foreign_file(tmp_path, text, want):
    """A damaged line is named by its number."""
    path = tmp_path / "m.csv"
    path.write_bytes(text)
    for read in (read_rows, last_row):
        if read is last_row:
            want = want.replace(":3: 1 cells in a row", ": 1 cells in the last row").replace(":2: not", ":1: not")
        with pytest.raises(UserError) as caught:
            read(path)
        assert str(caught.value) == f"{path}{want}"


def test_a_missing_file(tmp_path):
    """A missing file is named."""
    with pytest.raises(UserError) as caught:
        read_rows(tmp_path / "m.csv")
    assert str(caught.value) == f"{tmp_path}/m.csv: cannot read: No such file or directory"


def test_a_full_disk(tmp_path):
    """When the disk takes no more, the error names the file, and what was written before reads back."""
    code = f"""
import resource, signal
from pathlib import Path
from trainlab.core.errors import UserError
from trainlab.store.rows import RowWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
writer = RowWriter(Path({str(tmp_path)!r}) / "m.csv", ["step", "loss"])
try:
    for i in range(100): writer.write({{"step": i, "loss": 0.5}})
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/m.csv: cannot write: File too large\n"
    assert read_rows(tmp_path / "m.csv")["step"] == list(range(14))


def test_thinned_steps():
    """Up to 20 000 steps each has a row; from there each doubling adds at most 10 000."""
    steps = np.arange(200_001)
    kept = steps[kept_steps(int(steps[0]), int(steps[-1]))].tolist()
    assert kept.pop(0) == 0
    assert kept[:20_000] == list(range(1, 20_001))
    assert [sum(a < s <= 2 * a for s in kept) for a in (20_000, 40_000, 80_000)] == [10_000] * 3


def test_columns():
    """The columns of metrics.csv stand in the order of the contract."""
    want = "epoch step seconds lr train_loss train_accuracy val_loss val_accuracy reg_loss grad_norm update_ratio"
    assert metric_columns("classification") == tuple(want.split())
    assert metric_columns("regression") == tuple(want.replace("accuracy", "r2").split())
    assert STEP_COLUMNS == ("step", "loss", "lr", "grad_norm", "update_ratio")


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e-300, 1e16, -0.0])
def test_numbers_in_many_rows_read_back_exactly(tmp_path, odd):
    """Rows of numbers come back as the same numbers, finite or not, whichever writer is fast enough for them."""
    numbers = np.random.default_rng(0).normal(size=50) * 10.0 ** np.arange(-25, 25)
    numbers[7] = odd
    writer = RowWriter(tmp_path / "steps.csv", ["step", "loss"])
    writer.write_many({"step": np.arange(50), "loss": numbers})
    writer.close()

    got = read_rows(tmp_path / "steps.csv")

    assert got["step"] == list(range(50))
    np.testing.assert_array_equal(np.array(got["loss"]).view(np.int64), numbers.view(np.int64))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "1,2\n",
        "1,2\n3,\n",
        "1,x\n,2.5\n",
        "1e-3,nan\n-2,inf\n",
        "1_0,0x1\n",
        "10" * 30 + ",1\n",
        "a b,ü\n",
        ",\n,\n",
    ],
)
def test_rows_read_alike_however_their_cells_are_quoted(tmp_path, body):
    """A file without quotes is read by a shorter way, with the same result as one whose every cell is quoted."""
    quoted = "".join(",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in body.splitlines())
    found = []
    for i, text in enumerate((body, quoted)):
        (tmp_path / f"{i}.csv").write_text(f"a,b\n{text}", encoding="utf-8")
        found.append(repr(read_rows(tmp_path / f"{i}.csv")))
    assert found[0] == found[1]


@pytest.mark.parametrize("body", ["1\n2,3\n", "1,2,3\n4\n", "1,2\n\n3,4\n", "1,2,3\n4,5,6\n", "1,2,\n,4\n"])
def test_rows_that_do_not_fit_are_found_without_quotes(tmp_path, body):
    """Cells that would fill the columns all together are still rows that do not fit."""
    (tmp_path / "a.csv").write_text(f"a,b\n{body}")
    with pytest.raises(UserError, match=r"a\.csv:\d: \d cells in a row, but the header has 2"):
        read_rows(tmp_path / "a.csv")
