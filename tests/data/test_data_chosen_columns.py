"""Preprocessors act on the numbers of a table and leave the 0 and 1 of categories alone, unless told otherwise."""

from pathlib import Path

import numpy as np
import pytest
from making_data import prepared, refusal

from trainlab.core.component import find, registered
from trainlab.data.columns import Columns
from trainlab.data.preprocessing import apply_fitted, fit_all
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.model import TrainedNetwork, own_rows
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.training.experiment import read_plain
from trainlab.training.train import resume, train

TABLE = {"path": "t.csv", "target": "y", "split": {"val": 0.2, "test": 0.2, "stratify": False}}
NAMES = ["age", "city=Bern", "city=Oslo", "city=Rome", "flag", "member=no", "member=yes"]


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    """A table with a number, three cities, a column of 0 and 1, and yes or no."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [
        f"{20 + rng.integers(60)},{rng.choice(['Rome', 'Oslo', 'Bern'])},{rng.integers(2)},{rng.choice(['yes', 'no'])},"
        f"{rng.normal():.4f}"
        for _ in range(80)
    ]
    Path("t.csv").write_text("age,city,flag,member,y\n" + "\n".join(rows) + "\n")


def step(name, **settings):
    return find(Preprocessor, name).model_validate(settings)


@pytest.mark.parametrize("cls", [cls for cls in registered(Preprocessor) if cls.name != "fill"], ids=lambda c: c.name)
def test_only_the_numbers_change(cls):
    """By default a table's categories and its columns of 0 and 1 come out as they went in (of `signs`: its numbers)."""
    raw, parts = prepared("csv", **TABLE), prepared("csv", **TABLE, preprocess=[cls.name])
    binary = cls.name == "signs"
    changed = [4, 5, 6] if binary else [0]
    kept = [i for i in range(7) if i not in changed]
    assert list(raw.train.features) == NAMES
    for one, other in ((raw.train, parts.train), (raw.val, parts.val)):
        assert (one.x[:, kept] == other.x[:, [i - 7 for i in kept]]).all()  # what a number is made of stands in front
    before, after = raw.train.x[:, changed], parts.train.x[:, changed]
    assert (before != after).any() or parts.shape != raw.shape


def test_all_and_names():
    """`all` takes every column, a list the named ones; a category's name stands for all of its columns."""
    everything = prepared("csv", **TABLE, preprocess=[{"standardize": {"columns": "all"}}]).train.x
    assert everything.mean(axis=0) == pytest.approx(np.zeros(7), abs=1e-6)
    named = prepared("csv", **TABLE, preprocess=[{"name": "center", "columns": ["city", "flag"]}]).train.x
    assert (np.abs(named.mean(axis=0)) < 1e-6).tolist() == [False, True, True, True, True, False, False]


def test_a_name_that_is_not_there():
    """A name of no column is an error with the nearest one; so are names for data without columns."""
    assert refusal("csv", **TABLE, preprocess=[{"name": "center", "columns": ["aeg"]}]) == (
        "data.preprocess: `center`: the table has no column `aeg`; did you mean `age`?"
    )
    assert refusal("moons", preprocess=[{"name": "center", "columns": ["age"]}]) == (
        "data.preprocess: `center` has names of columns, but x is no table with names"
    )


def test_columns_behind_a_step_that_changes_their_number():
    """New columns come first and are numbers, those of `fill` stay binaries; the others follow and keep their kind."""
    columns = Columns(("a", "b", "c"), ("number", "category", "number"))
    x = np.array([[1.0, 0, 5], [np.nan, 1, 7], [3.0, 1, 4]])
    chain = [step("fill", indicator=True), step("pca", keep=1), step("standardize")]
    fitted = fit_all(chain, x, columns)
    assert fitted["1.pca.columns"].tolist() == [True, False, True, False]
    assert fitted["2.standardize.columns"].tolist() == [True, False, False]
    got = apply_fitted(chain, fitted, x, np.float64)
    assert got[:, 1:].tolist() == [[0, 0], [1, 1], [1, 0]]
    assert (got[:, 0].mean(), got[:, 0].std()) == (pytest.approx(0), pytest.approx(1))


def test_no_numbers_at_all():
    """A table of categories only passes through."""
    columns = Columns(("a=x", "a=y", "a=z"), ("category",) * 3)
    x = np.eye(3)
    chain = [step("standardize"), step("robust")]
    assert (apply_fitted(chain, fit_all(chain, x, columns), x, np.float64) == x).all()


def test_arrays_and_built_in_sets_are_taken_as_a_whole():
    """What is no table has no categories that could be left alone."""
    assert "0.standardize.columns" not in prepared("breast_cancer", preprocess=["standardize"]).fitted


def _older(folder: RunFolder) -> None:
    """Write the checkpoints as before there was `columns`: every column standardized."""
    whole = prepared("csv", **TABLE, preprocess=[{"standardize": {"columns": "all"}}]).fitted
    for path in folder.checkpoints.glob("*.safetensors"):
        arrays, meta = checkpoint.load(path)
        arrays = {k: a for k, a in arrays.items() if k != "data.0.standardize.columns"}
        checkpoint.save(path, arrays | {f"data.{k}": a for k, a in whole.items()}, meta)


def test_a_run_keeps_its_inputs(tmp_path):
    """A run of a version that standardized every column is resumed and scored on the inputs that it was trained on."""
    config = {"data": {"name": "csv", **TABLE, "preprocess": ["standardize"]}, "train": {"epochs": 4}}
    folder = RunFolder(train(read_plain(config), runs=tmp_path / "runs", until=2).folder)
    before = own_rows(folder, "test").x
    _older(folder)
    after = own_rows(folder, "test").x
    network = TrainedNetwork.load(folder)
    raw = prepared("csv", **TABLE).test.x
    assert set(before[:, 1].tolist()) <= {0, 1}
    assert after.mean(axis=0) == pytest.approx(network.prepared(raw).mean(axis=0), abs=0.5)
    assert len(set(after[:, 1].tolist()) & {0.0, 1.0}) == 0
    resume(folder.path, runs=tmp_path / "runs")
    assert "data.0.standardize.columns" not in checkpoint.load(folder.checkpoints / "last.safetensors")[0]
