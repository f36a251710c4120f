"""A Parquet table whose inputs stay on disk is the table that is read into memory: same rows, errors and runs."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making_data import prepared, refusal, source

from trainlab.core import memory
from trainlab.core.errors import DataError
from trainlab.data import lazy
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess import _statistics
from trainlab.data.preprocess.clip import Clip
from trainlab.data.preprocess.fill import Fill
from trainlab.data.preprocess.piecewise_linear import PiecewiseLinear
from trainlab.data.preprocess.quantile import Quantile
from trainlab.data.preprocess.robust import Robust

ROWS = 600


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Numbers with gaps, truth, categories of each kind, dates, a group, a time, a weight, a split; the index."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 9, ROWS),
            "count": rng.integers(0, 9, ROWS),
            "city": rng.choice(["Oslo", "Rome", "Bern"], ROWS),
            "grade": pd.Categorical(rng.integers(1, 4, ROWS)),
            "truth": rng.random(ROWS) < 0.3,
            "amount": [f"{v:.2f}".replace(".", ",") for v in rng.normal(900, 50, ROWS)],
            "seen": pd.date_range("2024-01-01", periods=ROWS),
            "who": rng.integers(0, 50, ROWS),
            "when": np.arange(ROWS)[::-1],
            "often": rng.random(ROWS),
            "part": rng.choice(["train", "train", "train", "val", "test"], ROWS),
            "y": rng.choice(["no", "yes"], ROWS),
            "z": rng.normal(size=ROWS),
        },
        index=pd.RangeIndex(10, 10 + ROWS, name="row"),
    )
    frame.loc[3::17, "age"] = np.nan
    frame.loc[20::40, "y"] = None
    path = tmp_path / "people.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=True), path, row_group_size=100)
    return path


CASES = {
    "classes": {"target": "y", "missing_target": "drop", "drop": ["z"]},
    "numbers": {"target": "z", "drop": ["y"]},
    "several numbers": {"target": ["z", "age"], "drop": ["y"], "missing_target": "drop"},
    "groups": {"target": "z", "drop": ["y"], "group": "who"},
    "time": {"target": "z", "drop": ["y", "who"], "time": "when", "weight": "often"},
    "parts": {"target": "z", "drop": ["y"], "split_column": "part"},
    "rare classes": {"target": "count", "drop": ["y"], "task": "classification", "min_class_rows": 65},
    "categories": {"target": "z", "drop": ["y"], "categorical": ["count"], "max_categories": 4},
}


@pytest.mark.parametrize("case", CASES)
def test_the_rows_are_those_read_into_memory(file: Path, tmp_path: Path, case: str) -> None:
    settings = {"path": str(file), "cache": str(tmp_path / "cache"), "decimal": ",", **CASES[case]}
    stored, there = (prepared("parquet", **settings, stream=stream) for stream in (True, False))
    assert isinstance(stored.train.x, LazyRows)
    assert not isinstance(there.train.x, LazyRows)
    assert (stored.encoding, stored.notes, stored.task) == (there.encoding, there.notes, there.task)
    assert stored.inputs == there.inputs
    for name in ("train", "val", "test"):
        one, other = getattr(stored, name), getattr(there, name)
        np.testing.assert_array_equal(np.asarray(one.x), other.x)
        for along in ("y", "lines", "groups", "time", "weights"):
            np.testing.assert_array_equal(getattr(one, along), getattr(other, along))
    assert {k: v.tolist() for k, v in stored.fitted.items()} == {k: v.tolist() for k, v in there.fitted.items()}


def test_numbers_that_float32_does_not_hold_stay_as_they_are(tmp_path: Path) -> None:
    for values, kind in (([0.1, 2.0, 1e300, 4.0], np.float64), ([0.5, None, 3.0, 4.0], np.float32)):
        pd.DataFrame({"a": values, "y": [0.0, 1.5, 0.2, 1.0]}).to_parquet(tmp_path / "a.parquet")
        x = source("parquet", path=str(tmp_path / "a.parquet"), target="y", stream=True).load(None).rows.x
        assert x.dtype == kind
        np.testing.assert_array_equal(x[:, 0], np.array(values, float))


def test_it_streams_where_its_numbers_are_many(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"path": str(file), "target": "z", "drop": ["y"], "decimal": ","}
    assert not isinstance(source("parquet", **settings).load(None).rows.x, np.memmap)
    monkeypatch.setattr("trainlab.data.sources.parquet.MUCH", ROWS * 12 * 8 + 1)  # 12 columns, and more inputs
    assert isinstance(source("parquet", **settings).load(None).rows.x, np.memmap)
    monkeypatch.setattr("trainlab.data.sources.parquet.MUCH", ROWS * 8)
    assert isinstance(source("parquet", **settings).load(None).rows.x, np.memmap)


def test_a_column_whose_name_begins_like_another(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a.b": [1.0, 2, 3, 4], "a": [5.0, 6, 7, 8], "y": [0.0, 1.5, 0.2, 1.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    x = source("parquet", path=str(tmp_path / "a.parquet"), target="y", stream=True).load(None).rows.x
    np.testing.assert_array_equal(x, frame[["a.b", "a"]])


@pytest.mark.parametrize(
    "settings",
    [
        {"target": "y"},
        {"target": "nobody"},
        {"target": "z", "drop": ["y", "nobody"], "group": "y"},
        {"target": "z", "drop": ["y"]},
        {"target": "z", "drop": ["y"], "decimal": ",", "preprocess": ["standardize"]},
    ],
)
def test_the_errors_are_those_of_a_table_in_memory(file: Path, settings: dict[str, object]) -> None:
    settings |= {"path": str(file)}
    messages = [_refusal(settings | {"stream": stream}) for stream in (True, False)]
    assert messages[0] == messages[1] != ""


def _refusal(settings: dict[str, object]) -> str:
    try:
        prepared("parquet", **settings)
    except DataError as error:
        return str(error)
    return ""


def test_a_damaged_page_is_found_while_columns_are_read(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)
    assert "damaged" in refusal("parquet", path=str(file), target="z", drop=["y"], stream=True)


def test_the_temporary_file_has_no_name(file: Path, tmp_path: Path) -> None:
    settings = {"target": "z", "drop": ["y"], "decimal": ",", "stream": True, "cache": str(tmp_path / "c")}
    assert len(source("parquet", path=str(file), **settings).load(None).rows) == ROWS
    assert not list((tmp_path / "c").iterdir())


def test_a_cache_that_cannot_be_written_is_named(file: Path) -> None:
    said = refusal("parquet", path=str(file), target="z", drop=["y"], stream=True, decimal=",", cache=f"{file}/cache")
    assert "data.cache" in said


def test_a_disk_without_room_is_an_error(file: Path, tmp_path: Path) -> None:
    """As pictures: a mapped file that the disk cannot hold ends the process by a signal."""
    from PIL import Image

    for name in "ab":
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (90, 90), (i, i, i)).save(tmp_path / "pictures" / name / f"{i}.png")
    for data in (
        {"name": "parquet", "path": str(file), "target": "z", "drop": ["y"], "decimal": ",", "stream": True},
        {"name": "image_folder", "path": str(tmp_path / "pictures")},
    ):
        config = {"data": {**data, "cache": str(tmp_path / "c")}, "model": {"name": "mlp", "hidden": [4]}}
        (tmp_path / "c.yaml").write_text(json.dumps({"name": "c", "seed": 1, "train": {"epochs": 1}, **config}))
        done = subprocess.run(
            [sys.executable, "-m", "trainlab", "train", "c.yaml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},  # else Python keeps half of a compiled module
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        )
        assert done.returncode == 2, done.stderr
        assert "data.cache" in done.stderr
        assert not list((tmp_path / "c").iterdir())


def test_what_is_learned_of_drawn_rows_is_near_what_all_rows_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=50_000), np.zeros(50_000), rng.exponential(size=50_000)])
    x[7, 1] = 3.0  # a drawn part of the rows lacks it
    x[::9, 0] = np.nan
    np.save(tmp_path / "x.npy", x)
    steps = [Fill(indicator=True), Robust(), Clip(), Quantile(quantiles=50, noise=0)]
    filled = np.nan_to_num(x)
    whole = [step.fit(x if isinstance(step, Fill) else filled) for step in steps]
    monkeypatch.setattr(lazy, "LARGE", 1000)
    monkeypatch.setattr(_statistics, "DRAWN", 20_000 * 24)
    stored = LazyRows(np.load(tmp_path / "x.npy", mmap_mode="r"))
    rows, index = _statistics.in_memory(stored)
    assert len(rows) == 20_000
    np.testing.assert_array_equal(rows, x[index])
    for step, all_rows in zip(steps, whole, strict=True):
        learned = step.fit(stored if isinstance(step, Fill) else stored.then(np.nan_to_num))
        assert learned.keys() == all_rows.keys()
        if isinstance(step, Robust):  # the one other value is not overlooked
            assert learned["range"][1] == all_rows["range"][1] == 1.5
        for name in learned:
            inner = slice(1, -1) if isinstance(step, Quantile) else slice(None)  # extremes are single rows
            np.testing.assert_allclose(learned[name][inner], all_rows[name][inner], rtol=0.05, atol=0.05)
    last, target = stored.then(_last), np.where(filled[:, 2:] > 1, 1.0, -1.0)
    learned, expected = PiecewiseLinear(bins=4).fit(last), PiecewiseLinear(bins=4).fit(_last(x))
    np.testing.assert_allclose(learned["low"], expected["low"], rtol=0.05, atol=0.05)
    tree = PiecewiseLinear(bins=4, by="tree").fit_to(last, target)  # the targets are those of the drawn rows
    np.testing.assert_allclose(tree["low"][1:], [1.0], atol=0.01)


def _last(x: np.ndarray) -> np.ndarray:
    return x[:, 2:]


def test_the_memory_of_a_control_group_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = tmp_path / "cgroup"
    groups.write_text("12:memory:/jobs/7\n3:cpu,cpuacct:/\n0::/user.slice\nnothing\n")
    named = [str(path) for path in memory._limits(groups)]
    assert "/sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes" in named
    assert "/sys/fs/cgroup/user.slice/memory.max" in named
    assert not list(memory._limits(tmp_path / "absent"))
    limit = tmp_path / "limit"
    limit.write_text("5000000\n")
    monkeypatch.setattr(memory, "_limits", lambda: iter([tmp_path / "absent", limit]))
    assert memory.available() == 5_000_000
    limit.write_text("max\n")
    assert memory.available() > 5_000_000


def test_rows_of_a_file_larger_than_memory_are_read_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).normal(size=(5000, 30))
    np.save(tmp_path / "x.npy", x)
    monkeypatch.setattr(lazy, "LARGE", 1000)
    monkeypatch.setattr(lazy, "available", lambda: 1e6)
    rows = LazyRows(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert rows.scarce
    lazy.expect_all(rows)
    index = np.random.default_rng(1).permutation(5000)[:100]
    for some in (index, np.array([4999, 0]), np.array([-1]), np.arange(10), slice(None, None, 700)):
        np.testing.assert_array_equal(rows[some], x[some])


def test_a_run_is_the_run_of_the_table_in_memory(file: Path, tmp_path: Path) -> None:
    config = {
        "name": "c",
        "seed": 1,
        "data": {"name": "parquet", "path": str(file), "target": "z", "drop": ["y"], "decimal": ","},
        "model": {"name": "mlp", "hidden": [8]},
        "train": {"epochs": 3, "batch_size": 32},
    }
    (tmp_path / "c.yaml").write_text(json.dumps(config))

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "trainlab", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def curve(folder: str) -> list[str]:
        table = pd.read_csv(tmp_path / "runs" / folder / "metrics.csv")
        return table[["train_loss", "val_loss"]].to_csv().splitlines()

    run("train", "c.yaml", "data.stream=true", "--name", "stored")
    run("train", "c.yaml", "data.stream=false", "--name", "there")
    assert curve("stored-1") == curve("there-1")
    run("train", "c.yaml", "data.stream=true", "--name", "short", "train.epochs=1")
    run("train", "--resume", "runs/short-1", "train.epochs=3")
    assert curve("short-1")[-1] == curve("stored-1")[-1]
    run("evaluate", "runs/stored-1")
    answers = [run("predict", f"runs/{name}-1", "--input", str(file)) for name in ("stored", "there")]
    assert answers[0] == answers[1]
