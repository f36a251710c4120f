"""What users of Python try first: arguments in the shapes of other libraries, pages and exports from a notebook."""

import numpy as np
import pandas as pd
import pytest

import trainlab as tl

IRIS = {"data": "iris", "model": {"mlp": [4]}, "train": {"epochs": 2}}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.where(X[:, 0] > 0, "b", "a")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("data", [(X, Y), {"X": X, "y": Y}, {"X_train": X, "y_train": Y}])
def test_other_names_of_rows(data):
    """A pair, and the names of scikit-learn, are x and y."""
    run = tl.train({"data": data, "model": {"mlp": [4]}}, train__epochs=1, quiet=True)
    assert (run.name, list(run.classes)) == ("arrays-1", ["a", "b"])


class _Misnamed(tl.Callback):
    def on_epoch_ends(self, row):
        raise AssertionError


FRAME = pd.DataFrame(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tl.train(), 'which config? Give a YAML file, or a dict such as {"data": "iris"}'),
        (
            lambda: tl.train(X),
            'config: expected a YAML file, or a dict such as {"data": {"x": X, "y": y}}, got ndarray',
        ),
        (
            lambda: tl.train({}, Y),
            "overrides: expected a dict of settings by their dotted paths, got ndarray; rows are a part of the config: "
            '{"data": {"x": X, "y": y}}',
        ),
        (lambda: tl.train(IRIS, epochs=2), "no argument `epochs`; did you mean train__epochs=...?"),
        (lambda: tl.train(IRIS, learning_rate=2), "no argument `learning_rate`; did you mean optimizer__lr=...?"),
        (lambda: tl.train(IRIS, verbose=0), "no argument `verbose`; did you mean quiet=...?"),
        (lambda: tl.train(IRIS, nonsense=0), "no argument `nonsense`"),
        (
            lambda: tl.train(IRIS, callbacks=[_Misnamed()]),
            "callbacks: _Misnamed.on_epoch_ends is no event and is never called; did you mean on_epoch_end?",
        ),
        (
            lambda: tl.train({"data": {"x": X, "y": Y[:9]}}),
            "data.y: 9 targets for the 60 rows of x; one for each row is needed",
        ),
        (
            lambda: tl.train({"data": FRAME}),
            'data: expected {"x": ..., "y": ...}; of a DataFrame {"x": frame, "target": "its column"}',
        ),
        (
            lambda: tl.train({"data": {"frame": FRAME, "target": 0}}),
            "data.frame: give the rows as `x`, the targets as `y` (or `target`, a column of x)",
        ),
        (lambda: tl.runs("nowhere"), "nowhere: there is no such folder of runs; tl.train makes one"),
        (
            lambda: tl.sweep(IRIS, space={"optimizer.lr": [0.01, 0.1]}, trials=2),
            "config: sweep.space.optimizer.lr: expected a number of at least 0, got a list of 2; to search among "
            "several values, write {choice: [0.01, 0.1]}\n1 problem",
        ),
    ],
)
def test_what_is_answered(call, message):
    """A call in the manner of another library is answered with the right one, before anything is trained."""
    with pytest.raises(tl.UserError) as caught:
        call()
    assert str(caught.value) == message


def test_one_callback_that_gives_no_reason():
    """A single callback needs no list, and a stop needs no reason."""

    class Early(tl.Callback):
        def on_epoch_end(self, row):
            if row["epoch"] == 1:
                self.request_stop()

    run = tl.train(IRIS, callbacks=Early(), quiet=True)
    assert (run.status, len(run.metrics)) == ("interrupted", 2)


def test_what_a_notebook_shows():
    """The last expression of a cell is a line, not pages of numbers."""
    run = tl.train(IRIS, quiet=True)
    assert repr(run.evaluate()).startswith("<Evaluation of iris-1 on 22 test rows: loss ")
    first = run.diagnoses[0]
    assert repr(first) == f"<{first.severity} {first.code}, epoch {first.epoch}: {first.message}>"


def test_pages_and_files():
    """`report` writes the page, `export` the network by the ending of its name."""
    run = tl.train(IRIS, quiet=True)
    assert "<html" in run.report("iris.html").read_text()
    with pytest.raises(tl.UserError, match=r"iris\.h5: the name must end with \.onnx \(ONNX\) or \.py"):
        run.export("iris.h5")
    pytest.importorskip("onnx")
    assert run.export("iris.onnx").stat().st_size > 100


def test_a_sweep_with_the_names_of_keywords():
    """The space of a sweep may have the spelling of keywords; the sweep has a page, and is no run."""
    found = tl.sweep(IRIS, space={"optimizer__lr": {"log": [1e-3, 1e-1]}}, trials=2, quiet=True)
    assert "optimizer.lr" in found.trials.columns
    assert "<html" in found.report("sweep.html").read_text()
    with pytest.raises(tl.UserError, match=r'is a sweep, not a run; .*tl\.Sweep\("runs/iris-sweep-1"\)'):
        tl.load("iris-sweep-1")


def test_missing_numbers_of_an_array():
    """`fill` among the preprocessors of an estimator allows missing numbers in arrays, as in DataFrames."""
    x = X.copy()
    x[::7, 1] = np.nan
    network = tl.TrainlabClassifier(epochs=2, preprocess=["fill", "standardize"], random_state=0).fit(x, Y)
    assert network.predict(x).shape == (60,)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        tl.TrainlabClassifier(epochs=2).fit(x, Y)
