"""Readers of NumPy and Parquet files: what good files give, and every bad file's message."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from making_data import prepared, refusal, source, write_images

OBJECTS = (
    "is an array of Python objects, which are refused because reading them runs code; "
    "save it as numbers: array.astype(float)"
)
X = np.random.default_rng(0).normal(size=(60, 4, 3)).astype(np.float32)
Y = np.arange(60) % 3


def load(name, **settings):
    return source(name, **settings).load(np.random.default_rng(0))


def npz(**arrays):
    np.savez("d.npz", **{"x": X, "y": Y, **arrays})
    return {"path": "d.npz"}


class TestNumPy:
    """npz and npy."""

    def test_npz(self):
        """x and y come as they are; x_test and y_test are the test rows; classes can be named."""
        loaded = load("npz", **npz(x_test=X[:6], y_test=Y[:6]), classes=["a", "b", "c"])
        assert np.array_equal(loaded.rows.x, X)
        assert (loaded.rows.y.tolist(), loaded.task.names) == (Y.tolist(), ("a", "b", "c"))
        assert (len(loaded.test), loaded.test.y.tolist()) == (6, Y[:6].tolist())

    @pytest.mark.parametrize(
        ("y", "settings", "kind", "outputs"),
        [
            (Y, {}, "classification", 3),
            (Y.astype(np.uint8)[:, None], {}, "classification", 3),
            (Y > 0, {}, "classification", 2),
            (Y.astype(float), {"task": "classification"}, "classification", 3),
            (np.array(["no", "yes", "maybe"])[Y], {}, "classification", 3),
            (Y, {"task": "regression"}, "regression", 1),
            (Y * 0.5, {}, "regression", 1),
            (X[:, 0], {}, "regression", 3),
        ],
    )
    def test_targets(self, y, settings, kind, outputs):
        """Whole numbers, truth values and text are classes, other numbers a regression of one or more columns."""
        loaded = load("npz", **npz(y=y), **settings)
        assert (loaded.task.kind, loaded.task.outputs) == (kind, outputs)
        if kind == "regression":
            assert loaded.rows.y == pytest.approx(np.reshape(y, (60, -1)))

    def test_text_classes_by_alphabet(self):
        """Class names found in the file are numbered by alphabet, or in the order of `classes`."""
        y = np.array(["no", "yes", "maybe"])[Y]
        assert load("npz", **npz(y=y)).rows.y[:3].tolist() == [1, 2, 0]
        assert load("npz", **npz(y=y), classes=["yes", "no", "maybe"]).rows.y[:3].tolist() == [1, 0, 2]

    def test_groups_and_times(self):
        """Arrays of the file can be groups or times."""
        groups, time = np.arange(60) // 4, np.arange(60)[::-1]
        assert load("npz", **npz(g=groups), group="g").rows.groups.tolist() == groups.tolist()
        parts = prepared("npz", **npz(t=time), time="t")
        assert parts.test.time.min() > parts.train.time.max()

    def test_npy_stays_on_disk(self):
        """x of a .npy file is a memory map before and after the split, and batches are read from it."""
        np.save("x.npy", X)
        np.save("y.npy", Y)
        assert isinstance(load("npy", x="x.npy", y="y.npy").rows.x, np.memmap)
        parts = prepared("npy", x="x.npy", y="y.npy", x_test="x.npy", y_test="y.npy", preprocess=["standardize"])
        assert isinstance(parts.train.x.stored, np.memmap)
        whole = prepared("npz", **npz(x_test=X, y_test=Y), preprocess=["standardize"])
        assert np.array_equal(parts.train.x[:], whole.train.x)
        assert np.array_equal(np.asarray(parts.test.x), whole.test.x)

    def test_npy_larger_than_memory(self):
        """A file larger than the memory allowed is fitted, and a batch of it read."""
        code = (
            "import resource, numpy as np\n"
            "from trainlab.core.streams import Streams; from trainlab.data.prepare import prepare\n"
            "from trainlab.data.sources.npy import Npy; from trainlab.data.lazy import gather\n"
            "x = np.lib.format.open_memmap('big.npy', mode='w+', dtype=np.uint8, shape=(3000, 100_000))\n"
            "x[5] = 1; del x\n"
            "np.save('y.npy', np.arange(3000) % 2)\n"
            "resource.setrlimit(resource.RLIMIT_DATA, (290 << 20, 290 << 20))\n"  # maps of files do not count as data
            "source = Npy.model_validate({'x': 'big.npy', 'y': 'y.npy', 'preprocess': [{'standardize': 'all'}]})\n"
            "parts = prepare(source, streams=Streams(0))\n"
            "out = np.empty((4, 100_000), np.float32); gather(parts.train.x, np.array([7, 3, 2, 0]), out)\n"
            "print(out.shape, len(parts.train))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        )
        assert (done.stdout, done.stderr) == ("(4, 100000) 2100\n", "")

    @pytest.mark.parametrize(
        ("arrays", "settings", "message"),
        [
            ({}, {"x": "xs"}, "d.npz: has no array `xs` (data.x); did you mean `x`?"),
            ({}, {"y": "labels"}, "d.npz: has no array `labels` (data.y); it has `x`, `y`"),
            ({"x_test": X}, {}, "d.npz: has no array `y_test` (data.y_test); did you mean `x_test`?"),
            ({"x": np.array([{}, 1], dtype=object)}, {}, f"d.npz: `x`: {OBJECTS}"),
            ({"x": np.array(["a"] * 60)}, {}, "d.npz: `x`: holds text (<U1) where numbers are needed"),
            ({"x": X * 1j}, {}, "d.npz: `x`: holds complex numbers (complex64) where numbers are needed"),
            ({"x": X[:0]}, {}, "d.npz: `x`: holds no rows; its shape is (0, 4, 3)"),
            ({"x": np.zeros((60, 0))}, {}, "d.npz: `x`: rows of shape (0,) hold no numbers"),
            ({"y": Y[:50]}, {}, "d.npz: `y`: has the shape (50,), but x has 60 rows; one target a row is needed"),
            (
                {"y": np.eye(3, dtype=int)[Y] * 2},
                {"task": "classification"},
                "d.npz: `y`: classes are one number a row, not (60, 3); one-hot rows: store their argmax",
            ),
            (
                {},
                {"classes": ["a", "b"]},
                "d.npz: `y`: row 3 has the label 2; allowed are 0 to 1, as many as `classes` names, or 2 different "
                "labels (there are 3)",
            ),
            (
                {"y": np.array(["a", "NA", "b"])[Y]},
                {},
                "d.npz: `y`: row 2 has no label (`NA`); fill it in or remove the row",
            ),
            ({"y": Y * 0}, {}, "d.npz: `y`: holds one class only, 0; there is nothing to learn"),
            (
                {"y": np.array(["b"] * 60)},
                {},
                "d.npz: `y`: holds one class only, `b`; there is nothing to learn",
            ),
            (
                {"y": Y * 0.5},
                {"task": "classification"},
                "d.npz: `y`: row 2 is 0.5; classes are whole numbers, for other targets set `task: regression`",
            ),
            (
                {"y": np.array(["a", "b", "c"])[Y]},
                {"task": "regression"},
                "d.npz: `y`: holds text (<U1), but a regression needs numbers",
            ),
            (
                {"y": np.array(["a", "b", "c"])[Y]},
                {"classes": ["a", "b"]},
                "d.npz: `y`: class `c` is not named under `classes`",
            ),
            (
                {"y": np.where(Y, np.nan, 0.5)},
                {},
                "d.npz: `y`: row 2, column 1 is nan; targets are finite",
            ),
            (
                {"x_test": X[:, :2], "y_test": Y},
                {},
                "d.npz: `x_test`: test rows have the shape (2, 3), the other rows (4, 3)",
            ),
            (
                {"x_test": X, "y_test": np.arange(60) % 4},
                {},
                "d.npz: `y_test`: row 4 has the label `3`, which no training row has; known are `0`, `1`, `2`",
            ),
            (
                {"g": np.arange(5)},
                {"group": "g"},
                "d.npz: `g` has the shape (5,), not (60,), one a row",
            ),
        ],
    )
    def test_bad_arrays(self, arrays, settings, message):
        """Wrong shapes, types, labels and names are refused."""
        assert refusal("npz", **npz(**arrays), **settings) == message

    def test_bad_files(self):
        """Files of another kind and truncated files are refused."""
        npz()
        np.save("x.npy", X)
        np.save("o.npy", np.array([{}], dtype=object), allow_pickle=True)
        Path("text.npz").write_text("hello")
        Path("short.npy").write_bytes(Path("x.npy").read_bytes()[:500])
        Path("short.npz").write_bytes(Path("d.npz").read_bytes()[:500])
        said = [refusal("npz", path=p) for p in ("text.npz", "short.npz", "x.npy")]
        said += [refusal("npy", x=p, y="x.npy") for p in ("d.npz", "short.npy", "o.npy")]
        np.save("y.npy", Y)
        said += [refusal("npy", x="x.npy", y="y.npy", x_test="x.npy")]
        assert said == [
            "text.npz: not a .npz file; save it with numpy.savez",
            "short.npz: the file is truncated or damaged",
            "x.npy: holds a single array, as a .npy file does; use the source `npy`",
            "d.npz: holds 2 arrays; use the source `npz`, which names them",
            "short.npy: the file is truncated or damaged",
            f"o.npy: {OBJECTS}",
            "data: `x_test` and `y_test` go together; give both or neither",
        ]


class TestParquet:
    """parquet."""

    def write(self, **columns):
        """A table of three columns, or with these instead, in p.parquet."""
        import pandas as pd

        n = 30
        table = {"age": np.arange(n), "city": ["Oslo", "Rome"] * 15, "bought": ["no", "yes", "yes"] * 10} | columns
        pd.DataFrame(table).to_parquet("p.parquet")
        return {"path": "p.parquet", "target": "bought"}

    def test_as_a_csv(self):
        """The same table gives the same rows from Parquet as from CSV."""
        loaded = load("parquet", **self.write())
        import pandas as pd

        pd.read_parquet("p.parquet").to_csv("p.csv", index=False)
        csv = load("csv", path="p.csv", target="bought")
        assert np.array_equal(loaded.rows.x, csv.rows.x)
        assert (loaded.rows.features, loaded.task) == (csv.rows.features, csv.task)
        assert loaded.rows.lines[:2].tolist() == [1, 2]

    def test_column_types(self):
        """Truth values are numbers, dates are times in ISO form, whole-number targets are classes."""
        import pandas as pd

        days = pd.date_range("2024-01-01", periods=30)[::-1]
        self.write(flag=[True, False] * 15, day=days, bought=[0, 1, 2] * 10)
        parts = prepared("parquet", path="p.parquet", target="bought", time="day")
        assert parts.train.features == ("age", "city=Oslo", "city=Rome", "flag")
        assert parts.task.names == ("0", "1", "2")
        assert parts.test.x[:, 0].max() < parts.train.x[:, 0].min()

    def test_bad_files(self):
        """Missing values, files of another kind and missing columns are refused."""
        settings = self.write(age=[np.nan if i == 3 else float(i) for i in range(30)])
        said = [refusal("parquet", **settings, preprocess=[])]
        self.write(bought=["yes", None] * 15)
        said.append(refusal("parquet", path="p.parquet", target="bougt"))
        said.append(refusal("parquet", path="p.parquet", target="bought"))
        Path("q.parquet").write_text("hello there, this is text")
        said.append(refusal("parquet", path="q.parquet", target="bought"))
        assert said == [
            "p.parquet:4: column `age`: missing value\nput `fill` first in data.preprocess, e.g. `preprocess: "
            "[fill, standardize]`: it gives them the training median; or name the column under `drop` or `categorical`",
            "p.parquet: has no column `bougt` (data.target); did you mean `bought`?",
            "p.parquet:2: column `bought`: missing value\np.parquet:4: column `bought`: missing value\n"
            "p.parquet:6: column `bought`: missing value\np.parquet:8: column `bought`: missing value\n"
            "p.parquet:10: column `bought`: missing value\n... and 10 more\n"
            "a row needs a target: fill these cells in, or leave the rows out with `missing_target: drop`\n"
            "without these rows: p.parquet: column `bought` holds one class only, `yes`; there is nothing to learn; "
            "name another `target`, such as `age`, `city`",
            "q.parquet: not a Parquet file, or a damaged one",
        ]

    def test_columns_of_one_name(self):
        """Two columns of one name are refused: neither is lost without a word."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table([[1, 2], [3, 4], [0, 1]], names=["a", "a", "bought"]), "p.parquet")
        said = refusal("parquet", path="p.parquet", target="bought")
        assert said == "p.parquet: columns 1 and 2 are both named `a`; rename one"

    def test_the_index_of_a_frame(self):
        """The index that pandas stores is no input, whatever its name, and that is said."""
        import pandas as pd

        table = pd.DataFrame({"age": np.arange(30), "bought": ["no", "yes"] * 15}, index=np.arange(30) * 2)
        table.to_parquet("p.parquet")
        loaded = load("parquet", path="p.parquet", target="bought")
        assert loaded.rows.features == ("age",)
        assert loaded.notes[0] == "column `__index_level_0__`: the index of a DataFrame: left out"
        table.rename_axis("row").to_parquet("p.parquet")
        assert load("parquet", path="p.parquet", target="bought").rows.features == ("age",)

    @pytest.mark.parametrize(
        ("name", "module", "extra"), [("parquet", "pyarrow", "parquet"), ("image_folder", "PIL.Image", "images")]
    )
    def test_missing_extras(self, name, module, extra, monkeypatch):
        """Without the library the message says what to install."""
        settings = self.write() if name == "parquet" else write_images("pets")
        monkeypatch.setitem(sys.modules, module, None)
        assert refusal(name, **settings).endswith(f'pip install "trainlab[{extra}]"')
