"""trainlab from Python: what the command line does, in the same words."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris

import trainlab as tl
from trainlab.core.errors import DataError, UserError
from trainlab.diagnose.finding import Finding
from trainlab.training.experiment import read
from trainlab.training.train import train as trained

DIGITS = """\
data: {name: digits, preprocess: [standardize]}
model: {name: mlp, hidden: [32]}
optimizer: {name: adam, lr: 0.003}
train: {epochs: 4, batch_size: 32}
"""
FLOWERS = {
    "name": "flowers",
    "data": {"name": "csv", "path": "flowers.csv", "target": "species", "preprocess": ["standardize"]},
    "model": {"mlp": (8,)},
    "optimizer": {"adam": 0.05},
    "train": {"epochs": 8, "batch_size": 32},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the run digits-1, a run flowers-1 on a table, and house-1, a regression."""
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("digits.yaml").write_text(DIGITS)
        tl.train("digits.yaml", quiet=True)
        flowers().to_csv("flowers.csv", index=False)
        tl.train(FLOWERS, quiet=True)
        data = {"name": "diabetes", "preprocess": ["standardize"], "scale_target": True}
        tl.train({"name": "house", "data": data, "train": {"epochs": 10}}, optimizer__lr=0.01, quiet=True)
    return folder


@pytest.fixture
def here(home, monkeypatch):
    """The folder with the runs, as the current one."""
    monkeypatch.chdir(home)
    return home


def flowers() -> pd.DataFrame:
    """The iris data set with a column of text that says something of the species, too."""
    iris = load_iris()
    frame = pd.DataFrame(iris.data, columns=["length", "width", "petal_length", "petal_width"])
    frame["colour"] = np.where(iris.target == 0, "white", "blue")
    frame["species"] = iris.target_names[iris.target]
    return frame


def test_importing_loads_nothing_and_names_are_there():
    """`import trainlab` imports neither NumPy nor pandas nor scikit-learn; its names are listed and exist."""
    code = "import sys, trainlab; print([m for m in ('numpy', 'pandas', 'sklearn', 'pydantic') if m in sys.modules])"
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert got.stdout.strip() == "[]"
    assert set(tl.__all__) == set(dir(tl))
    assert all(getattr(tl, name) is not None for name in tl.__all__)
    with pytest.raises(AttributeError, match="module 'trainlab' has no attribute 'trian'"):
        _ = tl.trian


def test_a_run_is_that_of_the_command_line(here, tmp_path):
    """The same config gives the same numbers, whichever way it was started."""
    run, want = tl.load("digits-1"), trained(read("digits.yaml"), runs=tmp_path)

    assert run.test == want.test
    assert run.best == want.best
    assert run.status == want.state == "finished"


def test_what_a_run_tells(here):
    """Metrics, steps and layers are DataFrames; config, diagnoses and repr say the rest."""
    run = tl.load("runs/digits-1")

    assert list(run.metrics.columns[:5]) == ["epoch", "step", "seconds", "lr", "train_loss"]
    assert run.metrics.epoch.tolist() == [0, 1, 2, 3, 4]
    assert run.metrics.val_loss.iloc[-1] < run.metrics.val_loss.iloc[0]
    assert np.isnan(run.metrics.grad_norm.iloc[0])
    assert run.steps.step.tolist() == list(range(1, len(run.steps) + 1))
    assert {"layer", "quantity", "value"} < set(run.layers.columns)
    assert run.config["optimizer"]["lr"] == 0.003
    assert all(isinstance(d, Finding) for d in run.diagnoses)
    best, test = run.best, run.test
    assert repr(run).startswith(
        f"<Run digits-1: finished, 4 epochs, best val_accuracy {best['value']:.4g} (epoch {best['epoch']}), "
        f"test accuracy {test['accuracy']:.4g}"
    )
    assert [r.name for r in tl.runs()] == ["digits-1", "flowers-1", "house-1"]


def test_an_absent_column_is_nan(tmp_path):
    """Without validation rows the columns of their scores are numbers all the same: nan."""
    data = {"name": "iris", "split": {"val": 0, "test": 0}}
    run = tl.train({"data": data, "train": {"epochs": 1}}, runs=tmp_path, quiet=True)

    assert run.metrics.val_loss.dtype == float
    assert run.metrics.val_loss.isna().all()
    assert run.test is None


def test_overrides(here, tmp_path):
    """`a__b` is a.b, the dict of overrides takes any path, and NumPy's numbers are numbers."""
    run = tl.train(
        "digits.yaml",
        {"monitors.overfitting.patience": np.int64(7)},
        optimizer__lr=np.float64(0.01),
        model__hidden=(8,),
        train__epochs=1,
        runs=tmp_path,
        name="mine",
        quiet=True,
    )

    assert run.folder == tmp_path / "mine-1"
    assert (run.config["optimizer"]["lr"], run.config["model"]["hidden"]) == (0.01, [8])
    assert run.config["monitors"]["overfitting"]["patience"] == 7


def test_wrong_settings(here):
    """Everything that is wrong is said at once, at the override, the file's line or the dict."""
    with pytest.raises(tl.ConfigError) as caught:
        tl.train("digits.yaml", optimizer__lrr=1, quiet=True)
    assert str(caught.value) == "override `optimizer.lrr`: optimizer.lrr: unknown key; did you mean `lr`?\n1 problem"

    with pytest.raises(tl.ConfigError) as caught:
        tl.train({"data": "digits", "train": {"epoch": 1}}, quiet=True)
    assert str(caught.value) == "config: train.epoch: unknown key; did you mean `epochs`?\n1 problem"

    with pytest.raises(UserError, match="which config"):
        tl.train()
    assert len(tl.runs()) == 3


def test_progress(here, tmp_path, capsys):
    """A line per epoch goes to stderr, unless quiet; stdout stays empty."""
    tl.train("digits.yaml", train__epochs=2, runs=tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[1] for line in err.splitlines() if line.startswith("epoch ")] == ["0/2", "1/2", "2/2"]

    tl.train("digits.yaml", train__epochs=2, runs=tmp_path, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_resume(here, tmp_path):
    """A finished run goes on further, to what it would have been in one go; nothing else may change."""
    whole = tl.train("digits.yaml", runs=tmp_path, quiet=True)
    half = tl.train("digits.yaml", runs=tmp_path, train__epochs=2, quiet=True)
    longer = tl.train(resume=half, train__epochs=4, quiet=True)

    assert longer.folder == half.folder
    assert longer.metrics.drop(columns="seconds").equals(whole.metrics.drop(columns="seconds"))
    with pytest.raises(UserError, match=r"optimizer\.lr: resume keeps the run's own config"):
        tl.train(resume=half, optimizer__lr=1)
    with pytest.raises(UserError, match="remove config and name"):
        tl.train("digits.yaml", resume=half)
    with pytest.raises(UserError, match=r"train\.epochs: expected a number of epochs, got 0"):
        tl.train(resume=half, train__epochs=0)


def test_interrupted(tmp_path):
    """Ctrl-C saves the run before it is raised."""
    code = (
        "import trainlab as tl\n"
        "try:\n    tl.train({'name': 'long', 'data': 'moons', 'train': {'epochs': 100000}})\n"
        "except KeyboardInterrupt as stop:\n    print(tl.load('long-1').status, stop, flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in child.stderr:
        if line.startswith("epoch 3/"):
            break
    os.kill(child.pid, signal.SIGINT)
    out, _ = child.communicate(timeout=60)

    assert out == "interrupted runs/long-1 is saved; continue with trainlab.train(resume='runs/long-1')\n"


def test_digits_are_predicted_as_numbers(here):
    """Images, flat or not, are preprocessed as for training; classes with numbers for names are numbers."""
    run, digits = tl.load("digits-1"), load_digits()
    got = run.predict(digits.data)

    assert got.dtype == np.int64
    assert (got == digits.target).mean() > 0.9
    np.testing.assert_array_equal(run.predict(digits.images[:9, :, :, None]), got[:9])
    probabilities = run.predict_proba(digits.data[:5].tolist())
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), got[:5])


def test_tables_are_predicted_by_name(here):
    """A DataFrame, its file and its raw rows give the same class names, whatever the order of its columns."""
    run, frame = tl.load("flowers-1"), flowers()
    got = run.predict(frame)

    assert run.classes == ("setosa", "versicolor", "virginica")
    assert (got == frame.species).mean() > 0.9
    for same in (frame.drop(columns="species")[frame.columns[-2::-1]], "flowers.csv", frame.iloc[:, :5].to_numpy()):
        np.testing.assert_array_equal(run.predict(same), got)


def test_regression_is_in_its_own_units(here):
    """Predictions of a network trained on scaled targets are in the targets' units, one number a row."""
    run, (X, y) = tl.load("house-1"), load_diabetes(return_X_y=True, scaled=False)
    got = run.predict(X)

    assert got.shape == y.shape
    assert np.corrcoef(got, y)[0, 1] > 0.5
    assert run.evaluate(X, y).scores["rmse"] == pytest.approx(np.sqrt(np.mean((got - y) ** 2)), rel=1e-5)
    with pytest.raises(UserError, match="mse gives no probabilities; use predict"):
        run.predict_proba(X)


def test_evaluate(here):
    """The scores of the test rows are those of the run; rows with targets are scored as files are."""
    run, frame = tl.load("flowers-1"), flowers()

    assert run.evaluate().scores["accuracy"] == run.test["accuracy"]
    want = run.evaluate("flowers.csv").scores
    assert run.evaluate(frame).scores == want
    assert run.evaluate(frame.drop(columns="species"), frame.species).scores == want
    assert run.evaluate("flowers.csv", frame.species).scores == want
    digits = load_digits()
    score = tl.load("digits-1").evaluate(digits.data, digits.target)
    assert score.scores["accuracy"] == (tl.load("digits-1").predict(digits.data) == digits.target).mean()
    assert (score.rows, len(score.confusion)) == (1797, 10)


@pytest.mark.parametrize(
    ("name", "call", "message"),
    [
        (
            "digits-1",
            lambda run: run.predict(np.zeros((2, 63))),
            "X: has the shape (2, 63), but this run takes (n, 8, 8, 1)",
        ),
        (
            "digits-1",
            lambda run: run.predict(np.zeros((8, 8, 1))),
            "X: has the shape (8, 8, 1), but this run takes (n, 8, 8, 1); one row is X[None]",
        ),
        (
            "digits-1",
            lambda run: run.predict([["a"] * 64]),
            "X: expected rows of numbers, all of one length; for text use a DataFrame",
        ),
        (
            "digits-1",
            lambda run: run.predict(np.full((3, 64), np.nan)),
            "X: row 0 (from 0) holds nan; fill such values in first",
        ),
        (
            "digits-1",
            lambda run: run.evaluate(np.zeros((2, 64)), [3, 12]),
            "y: row 1 (from 0): there is no class `12`; did you mean `2`?",
        ),
        (
            "digits-1",
            lambda run: run.evaluate(np.zeros((2, 64)), [3]),
            "y: has the shape (1,), but X has 2 rows; one target a row is needed",
        ),
        (
            "digits-1",
            lambda run: run.evaluate(np.zeros((2, 64))),
            "to score predictions the targets are needed: the column `class` in X, or y",
        ),
        (
            "house-1",
            lambda run: run.evaluate(np.zeros((2, 10)), ["1", "x"]),
            "y: expected numbers, got ['1', 'x']",
        ),
        (
            "flowers-1",
            lambda run: run.predict(flowers().drop(columns="width")),
            "DataFrame: column `width` is missing",
        ),
        (
            "flowers-1",
            lambda run: run.predict(flowers().replace({"colour": {"white": "whyte"}}).tail(101)),
            "DataFrame:1: column `colour`: unknown category `whyte`; did you mean `white`?\n"
            "the training file holds no such category; with `unknown: ignore` in `data:` all of its columns are 0",
        ),
        (
            "flowers-1",
            lambda run: run.predict(flowers().head(2).assign(width=["wide", None])),
            "DataFrame:1: column `width`: `wide` is not a number\nDataFrame:2: column `width`: missing value\n"
            "these columns held numbers in the training file: correct the cells or remove their rows\n"
            "fill these cells in, or train with `fill` first in data.preprocess",
        ),
        (
            "flowers-1",
            lambda run: run.predict(flowers().iloc[:, :4].to_numpy()),
            "X: has the shape (150, 4), but this run takes (n, 6)",
        ),
    ],
)
def test_rows_that_do_not_fit(here, name, call, message):
    """What is wrong with rows or targets is said with their place."""
    with pytest.raises(DataError) as caught:
        call(tl.load(name))

    assert str(caught.value) == message


def test_no_such_run(here):
    """A run that is not there is answered with the nearest name."""
    with pytest.raises(tl.UserError, match="no run `digit-1` in runs; did you mean `digits-1`"):
        tl.load("digit-1")
