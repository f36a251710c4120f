"""Evaluation and prediction: the numbers of an independent computation, and words for what does not fit."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from sklearn.datasets import load_iris
from sklearn.metrics import f1_score

from trainlab.core.errors import DataError, UserError
from trainlab.inference.evaluate import Evaluation, evaluate, predict
from trainlab.training.experiment import read
from trainlab.training.train import train

SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = ["length", "width", "petal_length", "petal_width"]
FLOWERS = """\
data: {name: csv, path: flowers.csv, target: species, preprocess: [standardize]}
model: {name: mlp, hidden: [8], activation: tanh}
optimizer: {name: adam, lr: 0.05}
train: {epochs: 10, batch_size: 32}
"""


def write_table(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def flowers() -> list[list[object]]:
    """The iris data set as rows of a table, the species last."""
    iris = load_iris()
    return [[*map(float, x), SPECIES[t]] for x, t in zip(iris.data, iris.target, strict=True)]


def trained(config: str, name: str = "a") -> Path:
    """The folder of a run of this config in the current folder."""
    Path(f"{name}.yaml").write_text(config, encoding="utf-8")
    return train(read(f"{name}.yaml")).folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run on a table of flowers: runs/a-1."""
    folder = tmp_path_factory.mktemp("evaluation")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_table(folder / "flowers.csv", [*FEATURES, "species"], flowers())
        trained(FLOWERS)
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run on flowers; its folder's parent is the current folder."""
    monkeypatch.chdir(home)
    return home / "runs" / "a-1"


def by_hand(run: Path, x: np.ndarray) -> np.ndarray:
    """Probabilities of the flower network, from the arrays of its checkpoint alone."""
    p = load_file(run / "checkpoints" / "best.safetensors")
    (mean,) = [a for name, a in p.items() if name.endswith("mean")]
    (std,) = [a for name, a in p.items() if name.endswith("std")]
    h = np.tanh(((x - mean) / std) @ p["dense1.W"] + p["dense1.b"])
    y = h @ p["dense2.W"] + p["dense2.b"]
    e = np.exp(y - y.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_its_own_test_rows(run):
    """On the run's own test rows the scores are those in its status.json."""
    got = evaluate(run)
    want = json.loads((run / "status.json").read_text())["test"]
    assert got.scores["accuracy"] == want["accuracy"]
    assert got.scores["loss"] == pytest.approx(want["loss"], rel=1e-6)
    assert (got.run, got.data, got.rows) == ("a-1", "test rows", 22)


def test_a_file_with_targets(run):
    """On a file the scores are those of the network worked out by hand from its checkpoint."""
    iris = load_iris()
    p = by_hand(run, iris.data)
    answers = p.argmax(axis=1)
    got = evaluate(run, "flowers.csv")
    assert got.rows == 150
    assert got.scores["accuracy"] == pytest.approx((answers == iris.target).mean())
    assert got.scores["loss"] == pytest.approx(-np.log(p[np.arange(150), iris.target]).mean(), rel=1e-4)
    ranks = (-p).argsort(axis=1)[:, :2]
    assert got.scores["top_2"] == pytest.approx((ranks == iris.target[:, None]).any(axis=1).mean())
    want = [[int(((iris.target == i) & (answers == j)).sum()) for j in range(3)] for i in range(3)]
    assert got.confusion == want
    assert [c.name for c in got.classes] == SPECIES
    assert [c.rows for c in got.classes] == [50, 50, 50]
    assert [c.precision for c in got.classes] == pytest.approx([want[i][i] / sum(r[i] for r in want) for i in range(3)])
    assert [c.recall for c in got.classes] == pytest.approx([want[i][i] / 50 for i in range(3)])
    assert [c.f1 for c in got.classes] == pytest.approx(list(f1_score(iris.target, answers, average=None)))


def test_parts_are_apart(run):
    """Training, validation and test rows are scored apart, and make up all rows."""
    parts = [evaluate(run, part=part) for part in ("train", "val", "test")]
    assert [part.rows for part in parts] == [106, 22, 22]
    assert sum(part.rows for part in parts) == 150


def test_data_for_json(run):
    """`as_dict` is plain JSON with all that is known."""
    got = json.loads(json.dumps(evaluate(run).as_dict()))
    assert list(got) == [
        "run",
        "epoch",
        "data",
        "rows",
        "scores",
        "classes",
        "confusion",
        "targets",
        "curves",
        "decision",
    ]
    assert list(got["classes"][0]) == ["name", "rows", "precision", "recall", "f1"]


def test_predictions(run, tmp_path):
    """Predictions are the network's, row by row, in the classes' own names; the target column may be left out."""
    rows = flowers()[::20]
    write_table(tmp_path / "new.csv", FEATURES[::-1], [row[3::-1] for row in rows])  # another order of columns
    got = predict(run, tmp_path / "new.csv")
    p = by_hand(run, np.array([row[:4] for row in rows], dtype=float))
    assert got.columns == ["prediction", *(f"probability_{name}" for name in SPECIES)]
    assert [row[0] for row in got.rows] == [SPECIES[i] for i in p.argmax(axis=1)]
    np.testing.assert_allclose([row[1:] for row in got.rows], p, rtol=1e-4, atol=1e-7)
    got.write(tmp_path / "out.csv")
    written = list(csv.reader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()))
    assert written[0] == got.columns
    assert [[row[0], *map(float, row[1:])] for row in written[1:]] == got.rows


def test_a_target_column_is_left_unread(run, tmp_path):
    """A target in the input of predict, even one with an unknown class, changes nothing."""
    write_table(tmp_path / "x.csv", [*FEATURES, "species"], [[*row[:4], ""] for row in flowers()[:3]])
    write_table(tmp_path / "y.csv", FEATURES, [row[:4] for row in flowers()[:3]])
    assert predict(run, tmp_path / "x.csv").rows == predict(run, tmp_path / "y.csv").rows
    write_table(tmp_path / "z.csv", [*FEATURES, "species"], [[*row[:4], "rose"] for row in flowers()[:3]])
    assert predict(run, tmp_path / "z.csv").rows == predict(run, tmp_path / "y.csv").rows


def test_columns_are_named(run, tmp_path):
    """Columns that are missing or unknown are named, all of them."""
    write_table(tmp_path / "x.csv", ["length", "width", "petal_length", "colour"], [[1, 2, 3, 4]])
    with pytest.raises(DataError) as error:
        predict(run, tmp_path / "x.csv")
    path = tmp_path / "x.csv"
    assert str(error.value) == f"{path}:1: column `petal_width` is missing\n{path}:1: column `colour` is unknown"


def test_scores_need_targets(run, tmp_path):
    """Evaluating a file without the target says which column it needs."""
    write_table(tmp_path / "x.csv", FEATURES, [row[:4] for row in flowers()[:3]])
    with pytest.raises(DataError, match="to score predictions the column `species` is needed"):
        evaluate(run, tmp_path / "x.csv")


def test_numbers_that_are_too_large(run, tmp_path):
    """Inputs that the network cannot answer with finite numbers are refused, naming the row."""
    write_table(tmp_path / "x.csv", FEATURES, [[1, 2, 3, 4], [1e300, -1e300, 1e300, 1e300]])
    with pytest.raises(DataError, match=r"^row 2: the network's output is not finite"):
        predict(run, tmp_path / "x.csv")


def test_changed_data(home, tmp_path, monkeypatch):
    """Where the data changed since, the run's own test rows are not scored: some of them were trained on."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "flowers.csv", [*FEATURES, "species"], flowers())
    run = trained(FLOWERS)
    write_table(tmp_path / "flowers.csv", [*FEATURES, "species"], flowers()[1:])
    with pytest.raises(UserError, match="the data changed since this run was trained"):
        evaluate(run)
    assert evaluate(run, "flowers.csv").rows == 149


def test_no_test_rows(tmp_path, monkeypatch):
    """A run without test rows says what can be scored instead."""
    monkeypatch.chdir(tmp_path)
    run = trained("data: {name: moons, split: {test: 0}}\ntrain: {epochs: 1}\n")
    with pytest.raises(UserError, match=r"this run has no test rows \(data.split.test: 0\); .* or with --part val$"):
        evaluate(run)


def test_no_checkpoint(home, tmp_path):
    """A run that has nothing saved yet cannot answer."""
    (tmp_path / "a-1").mkdir()
    with pytest.raises(UserError, match="this run has no checkpoint yet"):
        evaluate(tmp_path / "a-1")


def test_another_config(run, tmp_path):
    """A config.yaml that does not fit the weights is told from a broken checkpoint."""
    other = shutil.copytree(run, tmp_path / "a-1")
    text = (other / "config.yaml").read_text(encoding="utf-8")
    (other / "config.yaml").write_text(text.replace("hidden: [8]", "hidden: [9]"), encoding="utf-8")
    assert text != (other / "config.yaml").read_text(encoding="utf-8")
    with pytest.raises(UserError, match=r"has no `dense1.W` of shape \(4, 9\): config.yaml is not the one"):
        predict(other, "flowers.csv")


@pytest.mark.parametrize("loss", ["hinge", "binary_cross_entropy", "mse"])
def test_two_classes_by_any_loss(tmp_path, monkeypatch, loss):
    """Whatever the loss, two classes are predicted as they are scored; hinge has scores instead of probabilities."""
    monkeypatch.chdir(tmp_path)
    rows = [[x, "yes" if x > 50 else "no"] for x in range(100)]
    write_table(tmp_path / "t.csv", ["x", "label"], rows)
    data = "data: {name: csv, path: t.csv, target: label, preprocess: [standardize]}"
    run = trained(f"{data}\nloss: {loss}\noptimizer: {{name: adam, lr: 0.05}}\ntrain: {{epochs: 15, batch_size: 16}}\n")
    got, scored = predict(run, "t.csv"), evaluate(run, "t.csv")
    right = np.mean([row[0] == want[1] for row, want in zip(got.rows, rows, strict=True)])
    assert right > 0.9
    assert scored.scores["accuracy"] == pytest.approx(right)
    assert "top_1" not in scored.scores
    kind = {"binary_cross_entropy": "probability"}.get(loss, "score")
    assert got.columns == ["prediction", f"{kind}_no", f"{kind}_yes"]
    best = [max((row[1], "no"), (row[2], "yes"))[1] for row in got.rows]
    assert best == [row[0] for row in got.rows]


def test_regression_in_its_own_units(tmp_path, monkeypatch):
    """R2, MAE and RMSE are of targets and predictions in their own units, also when training scaled them."""
    monkeypatch.chdir(tmp_path)
    x = np.linspace(-1, 1, 200)
    price = 1000 + 300 * x
    write_table(tmp_path / "t.csv", ["x", "price"], [[float(a), float(b)] for a, b in zip(x, price, strict=True)])
    run = trained(
        "data: {name: csv, path: t.csv, target: price, scale_target: true, split: {test: 0.2}}\n"
        "optimizer: {name: adam, lr: 0.02}\ntrain: {epochs: 20, batch_size: 16}\n"
    )
    got = predict(run, "t.csv")
    assert got.columns == ["prediction"]
    answers = np.array([row[0] for row in got.rows])
    assert abs(answers.mean() - 1000) < 100
    scores = evaluate(run, "t.csv").scores
    assert list(scores) == ["loss", "r2", "mae", "rmse"]
    assert scores["r2"] == pytest.approx(1 - ((price - answers) ** 2).sum() / ((price - 1000) ** 2).sum(), rel=1e-6)
    assert scores["mae"] == pytest.approx(np.abs(price - answers).mean(), rel=1e-6)
    assert scores["rmse"] == pytest.approx(np.sqrt(((price - answers) ** 2).mean()), rel=1e-6)
    assert isinstance(evaluate(run), Evaluation)


def test_many_targets(tmp_path, monkeypatch):
    """Several targets are scored each, and predicted in a column each."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "t.csv", ["x", "up", "down"], [[i / 50, i / 50, -i / 25] for i in range(100)])
    run = trained(
        "data: {name: csv, path: t.csv, target: [up, down]}\noptimizer: {name: adam, lr: 0.02}\n"
        "train: {epochs: 10, batch_size: 16}\n"
    )
    got = evaluate(run, "t.csv")
    assert list(got.targets) == ["up", "down"]
    assert got.scores["mae"] == pytest.approx((got.targets["up"]["mae"] + got.targets["down"]["mae"]) / 2)
    assert got.scores["r2"] == pytest.approx((got.targets["up"]["r2"] + got.targets["down"]["r2"]) / 2)
    assert predict(run, "t.csv").columns == ["prediction_up", "prediction_down"]


def test_balanced_classes_keep_the_training_rows_weights(tmp_path):
    """A balanced loss is scored with the weights of the training rows, whatever rows are evaluated."""
    config = tmp_path / "wine.yaml"
    config.write_text(
        "data: {name: wine, preprocess: [standardize]}\nloss: {name: softmax_cross_entropy, class_weights: balanced}\n"
        "train: {epochs: 3}\n"
    )
    outcome = train(read(config), runs=tmp_path)
    assert outcome.test is not None
    assert evaluate(outcome.folder).scores["loss"] == pytest.approx(outcome.test["loss"], rel=1e-6)
