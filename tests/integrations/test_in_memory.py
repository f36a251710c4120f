"""`trainlab.train` with arrays and DataFrames: stored beside the runs, and used like any file."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import trainlab as tl
from trainlab.core.errors import UserError

SHORT = {"model": {"name": "mlp", "hidden": [4]}, "train": {"epochs": 1}}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def people():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(size=90), "zip": rng.choice(["01", "02"], 90)}, index=np.arange(90) * 3)
    return frame, pd.Series(np.where(frame["age"] > 0, "yes", "no"), name="bought", index=frame.index)


def test_arrays():
    """Arrays are rows as in a .npz file, with given validation rows; the run is one like any other."""
    x = np.random.default_rng(0).normal(size=(60, 3))
    y = np.where(x[:, 0] > 0, "b", "a")
    run = tl.train({"data": {"x": x, "y": y, "x_val": x[:9], "y_val": y[:9]}, **SHORT}, quiet=True)
    assert (run.status, list(run.classes)) == ("finished", ["a", "b"])
    assert run.predict(x[:2]).shape == (2,)
    assert tl.train(resume=run, quiet=True, train__epochs=2).status == "finished"


def test_lists():
    """Plain lists and labels of Python are arrays, too."""
    rows = [[i % 7, i % 3] for i in range(40)]
    run = tl.train({"data": {"x": rows, "y": ["odd" if i % 2 else "even" for i in range(40)]}, **SHORT}, quiet=True)
    assert list(run.classes) == ["even", "odd"]


def test_frames():
    """A DataFrame with a Series of targets is a table; its texts stay categories, and its index is no input."""
    x, y = people()
    run = tl.train({"data": {"x": x, "y": y}, **SHORT}, quiet=True)
    assert list(run.classes) == ["no", "yes"]
    assert set(run.predict(x.head(3))) <= {"no", "yes"}
    data = run.config["data"]
    assert (data["name"], data["target"], data["categorical"]) == ("csv", "bought", ["zip"])


def test_a_frame_with_its_target():
    """`target` names a column of the DataFrame."""
    x, y = people()
    run = tl.train({"data": {"x": x.assign(bought=y), "target": "bought"}, **SHORT}, quiet=True)
    assert list(run.classes) == ["no", "yes"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": people()[0]}, "data: a DataFrame x needs y, or `target`, the name of the column to predict"),
        (
            {"x": people()[0], "y": people()[0]["age"]},
            "data.y: column `age` is in x, too; leave y out, or drop the column from x",
        ),
        ({"x": [[1, 2], [3]], "y": [0, 1]}, "data.x: expected rows of numbers, all of one length"),
        ({"x": [["a"], [None]], "y": [0, 1]}, "data.x: expected rows of numbers, or text labels, all of one length"),
    ],
)
def test_rows_that_cannot_be_stored(data, message):
    """What cannot be a table is refused with the setting that is missing."""
    with pytest.raises(UserError) as caught:
        tl.train({"data": data, **SHORT}, quiet=True)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "want"),
    [
        ({"x": pd.DataFrame({"a": [1.0, 2.0]}), "y": [1]}, "data.y: has the shape (1,), but x has 2 rows"),
        (
            {"x": pd.DataFrame({"a": [1.0, 2.0]}), "y": [0, 1], "sample_weight": [1.0]},
            "data.sample_weight: has the shape (1,), but x has 2 rows",
        ),
        ({"x": csr_matrix(np.eye(2)), "y": [0, 1]}, "data.x: a sparse matrix; give x.toarray()"),
    ],
)
def test_rows_that_do_not_fit(tmp_path, data, want):
    """Targets and weights of another length, and sparse matrices, are refused with what to do."""
    with pytest.raises(tl.UserError) as caught:
        tl.train({"data": data}, runs=tmp_path, quiet=True)
    assert want in str(caught.value)
