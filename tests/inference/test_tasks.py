"""Labels, levels, quantiles and several numbers from the file to the exported model."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import trainlab as tl
from trainlab.core.errors import DataError, UserError
from trainlab.inference.ensemble.making import make_ensemble
from trainlab.inference.ensemble.members import from_runs
from trainlab.inference.evaluate import evaluate, predict
from trainlab.inference.export.export import export_onnx
from trainlab.report.html.run_page import run_page
from trainlab.store.reading import read_run
from trainlab.training.experiment import read_plain
from trainlab.training.train import resume, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
LABELS = (X @ RNG.normal(size=(3, 3)) + RNG.normal(scale=0.3, size=X.shape) > 0.5).astype(int)
LEVELS = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=300), [-1, 0, 1])
GRADES = ("poor", "fair", "good", "best")
PRICE, SIZE = 100 + 20 * X[:, 0] + 5 * RNG.normal(size=300), 5e3 + 1e3 * X[:, 1]


def write(name, header, columns):
    rows = zip(*X.round(4).T.tolist(), *columns, strict=True)
    Path(name).write_text("\n".join([f"a,b,c,{header}", *(",".join(map(str, row)) for row in rows)]) + "\n")


def write_tags():
    tags = [[name for name, there in zip(("red", "green", "blue"), row, strict=True) if there] for row in LABELS]
    lines = [json.dumps({**dict(zip("abc", x, strict=True)), "tags": t}) for x, t in zip(X.tolist(), tags, strict=True)]
    Path("rows.jsonl").write_text("\n".join(lines) + "\n")


TASKS = {
    "labels": {"data": {"name": "csv", "path": "rows.csv", "target": ["red", "green", "blue"]}},
    "tags": {"data": {"name": "jsonl", "path": "rows.jsonl", "target": "tags"}},
    "levels": {"data": {"name": "csv", "path": "rows.csv", "target": "grade", "task": "ordinal", "classes": GRADES}},
    "quantiles": {"data": {"name": "csv", "path": "rows.csv", "target": "price"}, "loss": "pinball"},
    "two": {"data": {"name": "csv", "path": "rows.csv", "target": ["price", "size"]}},
}
WRITERS = {
    "labels": lambda: write("rows.csv", "red,green,blue", LABELS.T.tolist()),
    "tags": write_tags,
    "levels": lambda: write("rows.csv", "grade", [[GRADES[i] for i in LEVELS]]),
    "quantiles": lambda: write("rows.csv", "price", [PRICE.round(2).tolist()]),
    "two": lambda: write("rows.csv", "price,size", [PRICE.round(2).tolist(), SIZE.round(1).tolist()]),
}
COLUMNS = {
    "labels": ["val_f1"],
    "tags": ["val_f1"],
    "levels": ["val_mae"],
    "quantiles": [],
    "two": ["val_mae_price", "val_mae_size"],
}
PREDICTED = {
    "labels": [f"{what}_{label}" for what in ("prediction", "probability") for label in ("red", "green", "blue")],
    "tags": [f"{what}_{label}" for what in ("prediction", "probability") for label in ("blue", "green", "red")],
    "levels": ["prediction", "probability_poor", "probability_fair", "probability_good", "probability_best"],
    "quantiles": ["prediction", "q10", "q50", "q90"],
    "two": ["prediction_price", "prediction_size"],
}
# a score of the best weights on the test rows, and what it must reach
REACHED = {
    "labels": ("f1", 0.85),
    "tags": ("f1", 0.85),
    "levels": ("accuracy", 0.7),
    "quantiles": ("r2", 0.85),
    "two": ("r2", 0.85),
}


def document(name, **more):
    """The config of a task, its rows written here."""
    WRITERS[name]()
    config = json.loads(json.dumps(TASKS[name]))
    config["data"] |= {"preprocess": ["standardize"], "scale_target": "auto"}
    training = {"train": {"epochs": 40, "batch_size": 32}, "optimizer": {"adam": 0.005}}
    return read_plain({"name": name, **config, **training}, more)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", TASKS)
def test_from_the_file_to_the_model(name, here):
    """A task is trained without alarms and scored; predictions have their columns; ONNX agrees with them."""
    result = train(document(name))
    assert [f.code for f in result.findings if f.severity != "info"] == []
    header = (result.folder / "metrics.csv").read_text().splitlines()[0].split(",")
    assert header[11:] == COLUMNS[name]
    score, least = REACHED[name]
    assert evaluate(result.folder).scores[score] > least
    found = predict(result.folder, Path(TASKS[name]["data"]["path"]))
    assert found.columns == PREDICTED[name]
    rows = list(csv.reader(found.text().splitlines()))[1:]
    assert {len(row) for row in rows} == {len(PREDICTED[name])}
    _same_in_onnx(result.folder, name, found)
    page = str(run_page(read_run(result.folder)))
    assert ("Predictions of each label" in page) == (name in ("labels", "tags"))


def _same_in_onnx(folder, name, found):
    runtime = pytest.importorskip("onnxruntime")
    export_onnx(folder, Path("m.onnx"))
    session = runtime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
    got = dict(zip([o.name for o in session.get_outputs()], session.run(None, {"x": X.round(4 if name != "tags" else 16)
        .astype(np.float32)}), strict=True))  # fmt: skip
    want = found.values if name != "levels" else np.array([GRADES.index(v) for v in found.values])
    if want.dtype.kind == "f":
        np.testing.assert_allclose(got["prediction"], want, rtol=1e-4)
    else:
        assert np.mean(got["prediction"] == want) > 0.99
    if found.certainty is not None:
        np.testing.assert_allclose(got["probability"], found.certainty, atol=1e-4)
    if found.quantiles is not None:
        np.testing.assert_allclose(got["quantiles"], found.quantiles, rtol=1e-4)


@pytest.mark.parametrize("name", ["labels", "levels", "quantiles"])
def test_resumed(name, here):
    """A run that stops and goes on ends at the same bits as one in one piece."""
    whole = train(document(name), into=here / "whole")
    part = train(document(name), into=here / "part", until=13)
    resume(part.folder)
    for kept in ("metrics.csv", "checkpoints/best.safetensors"):
        one, other = ((run / kept).read_bytes() for run in (whole.folder, part.folder))
        if kept.endswith(".csv"):
            one, other = ([line.split(b",")[3:] for line in text.splitlines()] for text in (one, other))
            assert one == other


def test_quantiles_cover_what_they_promise(here):
    """About 80 % of the test rows lie between the quantiles 0.1 and 0.9, in the target's own units."""
    linear = {"model": {"mlp": []}, "schedule": "cosine", "train.epochs": 200}
    result = train(document("quantiles", loss={"pinball": [0.1, 0.9]}, **linear))
    scores = evaluate(result.folder, part="train").scores
    assert scores["expected_coverage"] == pytest.approx(0.8)
    assert scores["coverage"] == pytest.approx(0.8, abs=0.05)
    run = tl.load(result.folder)
    assert run.predict_quantiles(X[:5]).shape == (5, 2)
    assert 40 < np.median(run.predict(X)) < 160


def test_levels_written_as_texts_need_their_order(here):
    """Nothing in a text says which level is higher: the error lists them to be put in order."""
    document("levels")
    with pytest.raises(DataError) as caught:
        tl.train({"data": {"name": "csv", "path": "rows.csv", "target": "grade", "task": "ordinal"}}, quiet=True)
    assert str(caught.value) == (
        "rows.csv: column `grade` holds texts, and nothing says which level is higher; name them from the lowest to "
        "the highest: `classes: [best, fair, good, poor]`"
    )


def test_labels_that_training_did_not_have(here):
    """A new file with an unknown label is refused with the nearest one."""
    result = train(document("tags", **{"train.epochs": 2}))
    Path("new.jsonl").write_text('{"a": 1, "b": 2, "c": 3, "tags": ["rde"]}\n')
    with pytest.raises(DataError) as caught:
        evaluate(result.folder, "new.jsonl")
    assert str(caught.value) == (
        "new.jsonl:1: column `tags`: unknown label `rde`; did you mean `red`?\n"
        "only labels of the training file are allowed"
    )


def test_the_loss_must_suit_the_task(here):
    """Levels are not numbers, and labels are not classes."""
    with pytest.raises(UserError, match="mse is for regression and classification, not for multilabel"):
        train(document("labels", loss="mse"))
    with pytest.raises(UserError, match="loss: ordinal is for levels with an order"):
        tl.train({"data": "iris", "loss": "ordinal"}, quiet=True)


def test_arrays(here):
    """Rows of 0 and 1 in an array are labels; whole numbers are levels if the config says so."""
    run = tl.train({"data": {"x": X, "y": LABELS}, "train": {"epochs": 2}}, quiet=True)
    assert run.predict(X).shape == (300, 3)
    assert run.evaluate(X, LABELS).scores["hamming_loss"] < 0.5
    run = tl.train({"data": {"x": X, "y": LEVELS, "task": "ordinal"}, "train": {"epochs": 2}}, quiet=True)
    assert run.config["data"]["task"] == "ordinal"
    assert "val_mae" in run.metrics.columns


@pytest.mark.parametrize("name", ["labels", "levels", "quantiles"])
def test_an_ensemble(name, here):
    """Two runs averaged are scored and no worse than the worse of them."""
    folders = [train(document(name, seed=seed, **{"data.seed": 0})).folder for seed in (0, 1)]
    made = make_ensemble(from_runs(folders, here), runs=here)
    score = REACHED[name][0]
    worst = min(evaluate(folder, part="val").scores[score] for folder in folders)
    assert evaluate(made.folder, part="val").scores[score] >= worst - 1e-9
