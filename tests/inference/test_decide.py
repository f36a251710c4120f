"""Thresholds and curves: scikit-learn's numbers, chosen on validation rows, kept with the run and said."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    matthews_corrcoef,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

import trainlab as tl
from trainlab.core.component import make
from trainlab.core.errors import UserError
from trainlab.core.types import Task
from trainlab.inference.decide import best_threshold, calibrate, choose_threshold, label_metrics
from trainlab.inference.ensemble.making import make_ensemble
from trainlab.inference.ensemble.members import from_runs
from trainlab.inference.evaluate import evaluate, predict
from trainlab.inference.loading import load_model
from trainlab.nn.metric import Metric, MetricInput
from trainlab.nn.metrics.calibration_error import CalibrationError
from trainlab.search.experiment import read_plain
from trainlab.store.decision import read_decision
from trainlab.training.probability_curves import probability_curves
from trainlab.training.train import train

YES = Task("classification", 2, ("no", "yes"))
CHURN = {
    "name": "churn",
    "data": {"name": "csv", "path": "churn.csv", "target": "churn", "preprocess": ["standardize"], "seed": 1},
    "model": {"name": "mlp", "hidden": [16]},
    "optimizer": {"name": "adam", "lr": 0.01},
    "train": {"epochs": 6},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with two runs on customers of whom one in six leaves: churn-1, churn-2."""
    folder = tmp_path_factory.mktemp("decide")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 3))
    yes = rng.random(600) < 1 / (1 + np.exp(-(1.5 * x[:, 0] - x[:, 1] - 2.2)))
    lines = [f"{a},{b},{c},{'yes' if t else 'no'}" for (a, b, c), t in zip(x.tolist(), yes, strict=True)]
    (folder / "churn.csv").write_text("\n".join(["a,b,c,churn", *lines]))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for seed in range(2):
            train(read_plain(CHURN, {"seed": seed}))
    return folder


@pytest.fixture
def churn(home, monkeypatch):
    """The first of the runs, without a threshold; the folder is the current one."""
    monkeypatch.chdir(home)
    run = Path("runs/churn-1")
    (run / "decision.json").unlink(missing_ok=True)
    return run


def drawn(rows=300, seed=0):
    """Probabilities of two classes and whether each row is of the second, with ties."""
    rng = np.random.default_rng(seed)
    t = (rng.random(rows) < 0.2).astype(np.int64)
    return np.round(np.clip(rng.normal(0.25 + 0.2 * t, 0.15), 0, 1), 2), t


def test_curves_are_those_of_scikit_learn():
    """Every point lies on scikit-learn's curves, and both areas are its areas."""
    p, t = drawn()
    (one,) = probability_curves(np.stack([1 - p, p], 1), t, YES, points=10_000)["classes"]
    assert one["class"] == "yes"
    assert one["roc_auc"] == pytest.approx(roc_auc_score(t, p), abs=1e-12)
    assert one["average_precision"] == pytest.approx(average_precision_score(t, p), abs=1e-12)
    false, true, at = roc_curve(t, p, drop_intermediate=False)
    points = one["points"]
    assert points["threshold"] == pytest.approx(at[1:].tolist(), rel=1e-4)
    assert points["false_positive_rate"] == pytest.approx(false[1:].tolist(), rel=1e-4)
    assert points["recall"] == pytest.approx(true[1:].tolist(), rel=1e-4)
    precision, _, _ = precision_recall_curve(t, p)
    assert points["precision"] == pytest.approx(precision[:-1][::-1].tolist(), rel=1e-4)


def test_a_thinned_curve_keeps_its_ends():
    """With many rows a curve has at most so many points, from the first threshold to the last, without large gaps."""
    rng = np.random.default_rng(3)
    t = (rng.random(20_000) < 0.02).astype(np.int64)
    p = 1 / (1 + np.exp(-rng.normal(2.5 * t - 3)))
    (one,) = probability_curves(np.stack([1 - p, p], 1), t, YES, points=60)["classes"]
    points = one["points"]
    assert len(points["recall"]) <= 60
    assert points["threshold"][0] == pytest.approx(p.max(), rel=1e-4)
    assert (points["recall"][-1], points["false_positive_rate"][-1]) == (1.0, 1.0)
    assert max(b - a for a, b in pairwise(points["recall"])) < 0.1
    area = np.trapezoid([0.0, *points["recall"]], [0.0, *points["false_positive_rate"]])
    assert area == pytest.approx(one["roc_auc"], abs=0.01)


def test_degenerate_rows_have_no_curve():
    """With one class only there is no curve, and with scores instead of probabilities no reliability."""
    p, t = drawn()
    both = np.stack([1 - p, p], 1)
    assert probability_curves(both, np.zeros_like(t), YES)["classes"] == []
    facts = probability_curves(np.stack([-p, p], 1), t, YES, measure="score")
    assert "reliability" not in facts
    assert facts["classes"][0]["roc_auc"] == pytest.approx(roc_auc_score(t, p))
    many = Task("classification", 30, ())
    rng = np.random.default_rng(0)
    scores, labels = rng.random((300, 30)), np.arange(300) % 30
    facts = probability_curves(scores / scores.sum(axis=1, keepdims=True), labels, many)
    areas = [roc_auc_score(labels == i, scores[:, i] / scores.sum(axis=1)) for i in range(30)]
    assert [one["class"] for one in facts["classes"]] == [str(i) for i in sorted(np.argsort(areas)[:10].tolist())]
    assert facts["more_classes"] == 20


def test_curves_of_labels():
    """Several labels are judged one by one; their reliability is that of all probabilities together."""
    p, t = drawn()
    labels = Task("multilabel", 2, ("a", "b"))
    facts = probability_curves(np.stack([p, 1 - p], 1), np.stack([t, t], 1), labels)
    areas = {one["class"]: one["roc_auc"] for one in facts["classes"]}
    assert areas == pytest.approx({"a": roc_auc_score(t, p), "b": roc_auc_score(t, 1 - p)})
    assert sum(one["rows"] for one in facts["reliability"]["bins"]) == 600


def test_reliability_counts_how_often_it_came_true():
    """Each bin has its mean probability and the share of its rows that are of the class."""
    p, t = drawn()
    found = probability_curves(np.stack([1 - p, p], 1), t, YES)["reliability"]
    edges = np.linspace(0, 1, 16)
    for one, (low, high) in zip(found["bins"], list(pairwise(edges)), strict=False):
        inside = (p > low) & (p <= high) if low else p <= high
        assert one["rows"] == inside.sum()
        assert one["probability"] == pytest.approx(p[inside].mean())
        assert one["frequency"] == pytest.approx(t[inside].mean())
        assert one["low"] <= one["frequency"] + 1e-12
        assert one["frequency"] <= one["high"] + 1e-12
    weights = np.array([one["rows"] for one in found["bins"]]) / 300
    gaps = np.abs([one["probability"] - one["frequency"] for one in found["bins"]])
    assert found["calibration_error"] == pytest.approx(float(weights @ gaps))
    rows = MetricInput(YES, t, (p > 0.5).astype(np.int64), probabilities=np.stack([1 - p, p], 1))
    assert found["calibration_error"] == pytest.approx(CalibrationError.model_validate({"class": "yes"}).value(rows))


@pytest.mark.parametrize(
    ("name", "judge"),
    [("f1", f1_score), ("balanced_accuracy", balanced_accuracy_score), ("matthews", matthews_corrcoef)],
)
@pytest.mark.parametrize("positive", [0, 1])
def test_no_threshold_is_better(name, judge, positive):
    """Of all thresholds none has a larger metric, by scikit-learn's own numbers."""
    p, t = drawn()
    sure, truth = (p, t == 1) if positive else (1 - p, t == 0)
    metric = make(Metric, name, **({"class": ("no", "yes")[positive]} if name == "f1" else {}))
    value, best, half = best_threshold(metric, positive, sure, truth, YES)
    assert best == pytest.approx(judge(truth, sure >= value))
    assert half == pytest.approx(judge(truth, sure >= 0.5))
    assert best == pytest.approx(max(judge(truth, sure >= at) for at in np.linspace(0, 1, 2001)))
    assert value not in sure  # so that rounding moves no row to the other side


def test_one_half_stays_where_nothing_is_better():
    """Of equally good thresholds the one nearest to 0.5 is taken."""
    p = np.array([0.1, 0.2, 0.9, 0.95])
    assert best_threshold(make(Metric, "accuracy"), 1, p, np.array([False, False, True, True]), YES)[0] == 0.5


def test_only_metrics_of_labels_choose():
    """Metrics of probabilities or of their order do not depend on a threshold; precision and recall are one-sided."""
    assert {"accuracy", "balanced_accuracy", "f1", "matthews", "cohen_kappa"} <= set(label_metrics())
    assert not {"roc_auc", "average_precision", "log_loss", "brier", "top_k", "precision", "recall", "mse"} & set(
        label_metrics()
    )


def test_it_is_chosen_on_validation_rows_and_used_everywhere(churn):
    """The threshold is the best on the validation rows; evaluate, predict and Run.predict use it; the file says so."""
    _, model = load_model(churn, Path("runs"))
    x, t = model.rows("val")
    sure = model.certainty(model.outputs(x))[0][:, 1]
    found = evaluate(churn, threshold="f1")
    kept = read_decision(churn / "decision.json").threshold
    assert kept is not None
    assert (kept.positive, kept.metric, kept.rows) == ("yes", "f1", len(t))
    assert kept.score[1] == pytest.approx(max(f1_score(t, sure >= at) for at in np.unique(sure)), abs=1e-9)
    assert kept.score[0] == pytest.approx(f1_score(t, sure >= 0.5))
    assert found.decision.threshold == kept
    _, model = load_model(churn, Path("runs"))
    x, t = model.rows("test")
    sure = model.certainty(model.outputs(x))[0][:, 1]
    said = sure >= kept.value
    assert [c.f1 for c in found.classes] == pytest.approx(f1_score(t, said, average=None).tolist())
    table = predict(churn, "churn.csv")
    labels = [("yes" if p >= kept.value else "no") for p in table.certainty[:, 1]]
    assert table.values.tolist() == labels
    assert tl.load("churn-1").predict("churn.csv").tolist() == labels


def test_a_number_and_none(churn):
    """A number is kept as it is; `none` takes the threshold away; an open Run follows."""
    run = tl.load("churn-1")
    plain = run.predict("churn.csv")
    run.evaluate(threshold=0.05, positive="yes")
    assert (run.predict("churn.csv") == "yes").sum() > (plain == "yes").sum()
    assert (run.predict_proba("churn.csv")[:, 1] >= 0.05).tolist() == (run.predict("churn.csv") == "yes").tolist()
    run.evaluate(threshold="none")
    assert not (churn / "decision.json").exists()
    assert run.predict("churn.csv").tolist() == plain.tolist()


def test_the_other_class_can_be_the_positive_one(churn):
    """`positive` names the class; a row is of it from the threshold on."""
    choose_threshold(churn, 0.9, positive="no")
    found = predict(churn, "churn.csv")
    assert ((found.certainty[:, 0] >= 0.9) == (found.values == "no")).all()
    assert evaluate(churn).curves["classes"][0]["class"] == "no"
    assert evaluate(churn, positive="yes").curves["classes"][0]["class"] == "yes"


def test_a_temperature_chooses_the_threshold_anew(churn):
    """Calibration moves no label: the threshold that a metric chose moves with the probabilities."""
    evaluate(churn, threshold="balanced_accuracy")
    before = predict(churn, "churn.csv")
    done = calibrate(churn).decision
    after = predict(churn, "churn.csv")
    assert done.temperature is not None
    assert done.threshold.metric == "balanced_accuracy"
    assert not np.allclose(before.certainty, after.certainty)
    assert before.values.tolist() == after.values.tolist()
    assert calibrate(churn, remove=True).decision.temperature is None


def test_an_ensemble_has_a_threshold_of_its_own(churn):
    """The folder of an ensemble keeps one, and its members the temperature that they had."""
    calibrate(churn)
    made = make_ensemble(from_runs(["churn-1", "churn-2"], Path("runs")))
    assert read_decision(made.folder / "members/1/decision.json").temperature is not None
    plain = evaluate(made.folder)
    found = evaluate(made.folder, threshold="f1")
    assert found.decision.threshold.rows > 0
    assert found.scores["loss"] == plain.scores["loss"]
    table = predict(made.folder, "churn.csv")
    assert ((table.certainty[:, 1] >= found.decision.threshold.value) == (table.values == "yes")).all()
    with pytest.raises(UserError, match="calibrate the members of an ensemble before it is made"):
        calibrate(made.folder)


@pytest.mark.parametrize(
    ("rule", "positive", "want"),
    [
        ("f2", None, "threshold f2: no such rule; it is a number, `none`, or one of accuracy, balanced_accuracy"),
        ("f_1", None, "threshold f_1: no such rule; did you mean `f1`?"),
        ("recall", None, "threshold recall: recall alone is best at a very low threshold"),
        ("roc_auc", None, "threshold roc_auc: no such rule"),
        ("1.5", None, "threshold 1.5: a probability from 0 to 1 is needed"),
        ("nan", None, "threshold nan: a probability from 0 to 1 is needed"),
        ("f1", "Yes", "the positive class `Yes` is none of `no` and `yes`"),
    ],
)
def test_what_cannot_be_chosen(churn, rule, positive, want):
    """A rule or a class that does not exist is refused with those that do, and nothing is kept."""
    with pytest.raises(UserError) as caught:
        evaluate(churn, threshold=rule, positive=positive)
    assert want in str(caught.value)
    assert not (churn / "decision.json").exists()


def test_never_on_test_rows(home, monkeypatch):
    """Without validation rows nothing is chosen: a number may still be given."""
    monkeypatch.chdir(home)
    folder = train(read_plain(CHURN, {"name": "bare", "data.split.val": 0})).folder
    with pytest.raises(UserError, match="a threshold is chosen on validation rows, never on test rows"):
        evaluate(folder, threshold="f1")
    with pytest.raises(UserError, match="a temperature is chosen on validation rows, never on test rows"):
        calibrate(folder)
    assert evaluate(folder, threshold="0.3").decision.threshold.value == 0.3


@pytest.mark.parametrize(
    ("config", "want"),
    [
        ({"data": "iris"}, "a threshold is for two classes; this model predicts 3 classes"),
        ({"data": "diabetes"}, "a threshold is for two classes; this model predicts numbers"),
        ({"data": "breast_cancer", "loss": "hinge"}, "a threshold is for probabilities; this model gives none"),
    ],
)
def test_what_has_no_threshold(tmp_path, config, want):
    """Three classes, numbers, and a loss without probabilities are refused."""
    folder = train(read_plain({**config, "train": {"epochs": 1}}), runs=tmp_path).folder
    with pytest.raises(UserError, match=want):
        evaluate(folder, threshold="0.4")


def test_json_has_the_curves(churn):
    """`evaluate` as JSON holds the curves and the decision with the rows it was fitted on."""
    facts = json.loads(json.dumps(evaluate(churn, threshold="f1").as_dict()))
    assert set(facts["curves"]["classes"][0]["points"]) == {
        "threshold", "recall", "false_positive_rate", "precision"
    }  # fmt: skip
    assert facts["decision"]["threshold"]["rows"] == 90
