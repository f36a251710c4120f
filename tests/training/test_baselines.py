"""`baselines: true`: what simpler models score on the same splits, in the run folder and in every output."""

import json

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from threadpoolctl import ThreadpoolController

from trainlab.cli._summary import as_data, as_text
from trainlab.report.baselines import beside
from trainlab.report.verdict import verdict
from trainlab.store.reading import RunRecord
from trainlab.training import baselines as module
from trainlab.training.baselines import CONSTANT, LINEAR, TREES, baselines
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build
from trainlab.training.train import train


def table_file(tmp_path, rows=300):
    """A table whose classes are those of exclusive or, with a category and missing numbers."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, rows))
    lines = [
        f"{'' if i % 17 == 0 else a[i]},{b[i]},{('Rome', 'Oslo', 'Bern')[i % 3]},{'yes' if a[i] * b[i] > 0 else 'no'}"
        for i in range(rows)
    ]
    (tmp_path / "t.csv").write_text("a,b,city,label\n" + "\n".join(lines) + "\n")
    return {"name": "csv", "path": str(tmp_path / "t.csv"), "target": "label"}


def document(tmp_path, **changes):
    config = {"data": table_file(tmp_path), "model": {"mlp": [4]}, "train": {"epochs": 1}, "baselines": True}
    return read_plain(config, changes)


def test_trees_see_the_same_rows(tmp_path):
    """The trees' score is that of scikit-learn's on the same split, categories as categories, missing as missing."""
    parts = build(document(tmp_path)).parts
    got = baselines(parts)["scores"]

    def columns(x):
        return np.column_stack([x[:, :2], x[:, 2:].argmax(axis=1)])

    trees = HistGradientBoostingClassifier(categorical_features=[2], random_state=0)
    trees.fit(columns(parts.raw_train), parts.train.y)
    want = (trees.predict(columns(parts.raw["test"])) == parts.test.y).mean()
    assert got[TREES]["test"]["accuracy"] == want > 0.8
    assert got[LINEAR]["test"]["accuracy"] < 0.75  # no line separates the classes
    counts = np.bincount(parts.test.y) / len(parts.test)
    assert got[CONSTANT["classification"]]["test"]["accuracy"] == counts[np.bincount(parts.train.y).argmax()]


def test_numbers_are_scored_in_their_own_units():
    """With scaled targets R2 is that of the unscaled ones, and the mean of the target has about none."""
    data = {"name": "diabetes", "split": {"val": 0.3}}
    scaled = baselines(build(read_plain({"data": data})).parts)["scores"]
    plain = baselines(build(read_plain({"data": {**data, "scale_target": False}})).parts)["scores"]
    assert scaled[LINEAR]["val"]["r2"] == pytest.approx(plain[LINEAR]["val"]["r2"]) == pytest.approx(0.45, abs=0.15)
    assert scaled[CONSTANT["regression"]]["test"]["r2"] == pytest.approx(0, abs=0.05)


def test_nothing_to_compare():
    """Rows without a validation or test split have no baselines."""
    assert baselines(build(read_plain({"data": {"name": "iris", "split": {"val": 0, "test": 0}}})).parts) == {}


def test_pictures_are_tables_of_pixels():
    """A picture's pixels are its columns: a linear model reads most digits."""
    got = baselines(build(read_plain({"data": "digits"})).parts)["scores"]
    assert got[LINEAR]["test"]["accuracy"] > 0.9 > got[CONSTANT["classification"]]["test"]["accuracy"]


def test_the_deciding_metric_is_compared(tmp_path):
    """With `train.best: val_roc_auc` the baselines are judged by scikit-learn's ROC AUC of their probabilities."""
    setup = build(document(tmp_path, **{"train.best": "val_roc_auc"}))
    parts = setup.parts
    got = baselines(parts, setup.metrics, setup.best.metric)["scores"]
    assert [*got[TREES]["test"]] == ["roc_auc", "accuracy"]

    def columns(x):
        return np.column_stack([x[:, :2], x[:, 2:].argmax(axis=1)])

    trees = HistGradientBoostingClassifier(categorical_features=[2], random_state=0)
    trees.fit(columns(parts.raw_train), parts.train.y)
    want = roc_auc_score(parts.test.y, trees.predict_proba(columns(parts.raw["test"]))[:, 1])
    assert got[TREES]["test"]["roc_auc"] == pytest.approx(want)
    assert got[CONSTANT["classification"]]["test"]["roc_auc"] == 0.5


def test_every_output_tells_them(tmp_path):
    """The terminal, the JSON, the report and the folder say what the baselines score, and that the trees win."""
    result = train(document(tmp_path), runs=tmp_path / "runs")
    scores = json.loads((result.folder / "data.json").read_text())["baselines"]["scores"]
    assert as_data(result, 0)["baselines"]["scores"] == scores
    best = scores[TREES]["test"]["accuracy"]
    text = as_text(result)
    assert f"  beside  accuracy on the same test rows: {TREES} {best:.4g}, " in text
    assert f"{TREES} is ahead by {best - result.test['accuracy']:.4g}" in text
    assert f"{TREES} is ahead by" in verdict(RunRecord(result.folder, "run"))


def test_without_baselines_nothing_is_told(tmp_path):
    """They are off by default."""
    result = train(document(tmp_path, baselines=False), runs=tmp_path / "runs")
    assert "baselines" not in json.loads((result.folder / "data.json").read_text())
    assert "beside" not in as_text(result)
    assert "baselines" not in as_data(result, 0)


def test_the_network_may_be_ahead():
    """Where the network is best, the sentence says so; a metric that the run lacks is only listed."""
    facts = {"baselines": {"scores": {"a": {"val": {"accuracy": 0.5}}, "b": {"val": {"accuracy": 0.75}}}}}
    told = "accuracy on the same validation rows: b 0.75, a 0.5"
    assert beside(facts, None, {"val_accuracy": 0.875}) == f"{told}. The network is ahead by 0.125"
    assert beside(facts, None, {"val_loss": 0.1}) == told
    assert beside({}, {"accuracy": 1.0}, {}) == ""


@pytest.mark.parametrize(("rows", "threads", "want"), [(60, "auto", 1), (60, 3, 3), (20_000, "auto", 2)])
def test_threads(monkeypatch, rows, threads, want):
    """Trees on few rows use one thread: on a busy machine several wait for each other. A number is kept to."""
    seen: list[int] = []
    made = module._models

    def watched(task, table):
        found = made(task, table)
        fit = found[-1][1].fit

        def counted(x, y):
            seen.extend(lib["num_threads"] for lib in ThreadpoolController().info() if lib["user_api"] == "openmp")
            return fit(x[:60], y[:60])

        found[-1][1].fit = counted
        return found

    monkeypatch.setattr(module, "_models", watched)
    monkeypatch.setattr(module, "cores", lambda: 2)
    monkeypatch.setattr(module, "_FOR_ONE_THREAD", 10_000)
    parts = build(read_plain({"data": {"name": "moons", "samples": rows}})).parts
    module.baselines(parts, threads=threads)
    assert set(seen) == {want}
