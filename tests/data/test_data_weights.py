"""Weights of rows: read, split and scaled with them, and refused where they cannot be used."""

from pathlib import Path

import numpy as np
import pytest
from making_data import source

from trainlab.core.errors import DataError
from trainlab.core.streams import Streams
from trainlab.data.prepare import prepare

HEAD = "a,w,label\n"
CSV = {"name": "csv", "path": "t.csv", "target": "label", "weight": "w"}


def table(weights):
    """A table with these weights and two classes."""
    Path("t.csv").write_text(HEAD + "".join(f"{i}.5,{w},{'xy'[i % 2]}\n" for i, w in enumerate(weights)))


def test_weights_go_with_their_rows(tmp_path, monkeypatch):
    """Each row keeps its weight in every part; the mean over the training rows is 1; the column is no input."""
    monkeypatch.chdir(tmp_path)
    table(range(40))
    parts = prepare(source(**CSV, split={"val": 0.25, "test": 0.25}), streams=Streams(0))
    assert parts.train.features == ("a",)
    assert parts.train.weights.mean() == pytest.approx(1)
    scale = (parts.train.lines[-1] - 2) / parts.train.weights[-1]
    for rows in (parts.train, parts.val, parts.test):
        np.testing.assert_allclose(rows.weights * scale, rows.lines - 2)  # line 2 is row 0, of weight 0


@pytest.mark.parametrize(("weights", "message"), [
    ([1, -2, ""], "t.csv:3: column `w`: `-2` is negative\nt.csv:4: column `w`: missing value\n"
                  "every row needs a weight of at least 0; 0 leaves a row out"),
    (["heavy", "light"], "t.csv:2: column `w`: `heavy` is not a number\nt.csv:3: column `w`: `light` is not a number\n"
                  "every row needs a weight of at least 0; 0 leaves a row out"),
])  # fmt: skip
def test_bad_weights_of_a_table(tmp_path, monkeypatch, weights, message):
    """A weight that is missing, negative or no number is an error at its line."""
    monkeypatch.chdir(tmp_path)
    table([*weights, *[1] * 20])
    with pytest.raises(DataError) as caught:
        source(**CSV).load(np.random.default_rng(0))
    assert str(caught.value) == message


def test_weights_that_are_all_zero(tmp_path, monkeypatch):
    """Rows that all weigh nothing are refused: there is no mean to scale by."""
    monkeypatch.chdir(tmp_path)
    table([0] * 40)
    with pytest.raises(DataError) as caught:
        prepare(source(**CSV), streams=Streams(0))
    assert str(caught.value) == "data.weight: every training row has the weight 0; there is nothing to learn from"


def test_weights_of_arrays(tmp_path, monkeypatch):
    """An array `sample_weight` is found by its name, another one is named; validation rows have their own."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(30, 2)), np.arange(30) % 2, np.arange(30.0)
    np.savez("d.npz", x=x, y=y, sample_weight=w, x_val=x[:4], y_val=y[:4], sample_weight_val=w[:4], other=w[::-1])
    loaded = source("npz", path="d.npz").load(rng)
    np.testing.assert_array_equal(loaded.rows.weights, w)
    np.testing.assert_array_equal(loaded.val.weights, w[:4])
    assert loaded.notes[0] == (
        "d.npz: the array `sample_weight` says how much each row counts in the loss; "
        "to count all alike, give it another name in the file"
    )
    named = source("npz", path="d.npz", weight="other").load(rng)
    assert not any("sample_weight" in told for told in named.notes)
    np.testing.assert_array_equal(named.rows.weights, w[::-1])
    assert named.val.weights is None


@pytest.mark.parametrize(("weight", "message"), [
    ([1.0, np.nan, 1.0, 1.0], "d.npz: `sample_weight`: row 2 is nan; a weight is a finite number of at least 0"),
    ([1.0, 1.0, -3.0, 1.0], "d.npz: `sample_weight`: row 3 is -3; a weight is a finite number of at least 0"),
    ([1.0], "d.npz: `sample_weight` has the shape (1,), not (4,), one a row"),
])  # fmt: skip
def test_bad_weights_of_arrays(tmp_path, monkeypatch, weight, message):
    """A weight that is not finite or negative, and another number of weights than rows."""
    monkeypatch.chdir(tmp_path)
    np.savez("d.npz", x=np.zeros((4, 1)), y=np.arange(4) % 2, sample_weight=np.array(weight))
    with pytest.raises(DataError) as caught:
        source("npz", path="d.npz").load(np.random.default_rng(0))
    assert str(caught.value) == message


def test_an_array_of_weights_that_is_not_there(tmp_path, monkeypatch):
    """A name of one's own must be in the file; the usual one may be missing."""
    monkeypatch.chdir(tmp_path)
    np.savez("d.npz", x=np.zeros((4, 1)), y=np.arange(4) % 2, weights=np.ones(4))
    assert source("npz", path="d.npz").load(np.random.default_rng(0)).rows.weights is None
    with pytest.raises(DataError) as caught:
        source("npz", path="d.npz", weight="weight").load(np.random.default_rng(0))
    assert str(caught.value) == "d.npz: has no array `weight` (data.weight); did you mean `weights`?"
