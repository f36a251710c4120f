"""Metrics against scikit-learn's, on random and on degenerate rows."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from math import isnan, nan
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.preprocessing import label_binarize

from trainlab.core.component import make, plain, registered
from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.core.types import Array, Task
from trainlab.nn.metric import Metric, MetricInput

NAMES = "accuracy average_precision balanced_accuracy brier calibration_error cohen_kappa explained_variance f1"
NAMES += " hamming_loss log_loss mae matthews median_ae mse pinball precision r2 recall rmse roc_auc"
NAMES += " subset_accuracy top_k"
ALL = registered(Metric)
CLASSES, NUMBERS = ([m for m in ALL if kind in m.tasks] for kind in ("classification", "regression"))
LABELS = [m for m in ALL if m.tasks == ("multilabel",)]


def classified(classes: int, n: int = 200, *, seed: int = 0, weighted: bool = False, ties: bool = False) -> MetricInput:
    """Random rows whose probabilities know a little about the classes."""
    rng = np.random.default_rng(seed)
    t = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + 1.5 * (t[:, None] == np.arange(classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if ties:
        p = np.round(p, 1) + 0.01
        p /= p.sum(axis=1, keepdims=True)
    w = rng.integers(0, 4, n) / 2.0 if weighted else None
    return MetricInput(Task("classification", classes), t, p.argmax(axis=1), p, p, w)


def numbers(targets: int, n: int = 101, *, seed: int = 0, weighted: bool = False) -> MetricInput:
    """Random numbers, and predictions that are near them and a little too large."""
    rng = np.random.default_rng(seed)
    t = rng.normal(size=(n, targets)) * [1.0, 30.0, 0.1][:targets]
    y = t + 0.4 * rng.standard_t(3, size=t.shape) + 0.1
    return MetricInput(Task("regression", targets), t, y, weights=rng.integers(0, 4, n) / 2.0 if weighted else None)


def labelled(labels: int, n: int = 200, *, seed: int = 0, weighted: bool = False) -> MetricInput:
    """Random rows with several labels; the last one is rare."""
    rng = np.random.default_rng(seed)
    t = (rng.random((n, labels)) < np.linspace(0.5, 0.05, labels)).astype(float)
    p = np.clip(0.5 * t + 0.7 * rng.random((n, labels)), 0, 1)
    w = rng.integers(0, 4, n) / 2.0 if weighted else None
    return MetricInput(Task("multilabel", labels, ("red", "green", "blue")), t, (p > 0.6).astype(int), p, p, w)


def got(name: str, rows: MetricInput, **settings: Any) -> float:
    return make(Metric, name, **settings).value(rows)


def quiet(function: Callable[..., Any], *args: Any, **settings: Any) -> float:
    """scikit-learn's number; nan where it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return float(function(*args, **settings))
        except ValueError:
            return nan


def want(name: str, r: MetricInput, **settings: Any) -> float:
    """The same number by scikit-learn."""
    t, y, p, w = r.t, r.y, r.probabilities, r.weights
    labels = np.arange(r.task.outputs)
    if name in ("f1", "precision", "recall"):
        function = {"f1": sk.f1_score, "precision": sk.precision_score, "recall": sk.recall_score}[name]
        if "class" in settings:
            chosen = [int(settings["class"])]
            return float(function(t, y, labels=chosen, average=None, sample_weight=w, zero_division=0)[0])
        average = settings.get("average", "macro")
        return float(function(t, y, average=average, sample_weight=w, zero_division=0))
    if name in ("roc_auc", "average_precision"):
        function = {"roc_auc": sk.roc_auc_score, "average_precision": sk.average_precision_score}[name]
        truth = label_binarize(t, classes=[*labels, -1])[:, :-1]  # one column a class, also for two classes
        if "class" in settings:
            return quiet(function, truth[:, int(settings["class"])], p[:, int(settings["class"])], sample_weight=w)
        return quiet(function, truth, p, average=settings.get("average", "macro"), sample_weight=w)
    of_classes: dict[str, Callable[[], float]] = {
        "accuracy": lambda: quiet(sk.accuracy_score, t, y, sample_weight=w),
        "balanced_accuracy": lambda: quiet(sk.balanced_accuracy_score, t, y, sample_weight=w),
        "log_loss": lambda: quiet(sk.log_loss, t, p, labels=labels, sample_weight=w),
        "brier": lambda: _brier(t, p, w),
        "top_k": lambda: quiet(sk.top_k_accuracy_score, t, p, k=settings.get("k", 2), labels=labels, sample_weight=w),
        "cohen_kappa": lambda: quiet(
            sk.cohen_kappa_score, t, y, labels=labels, weights=settings.get("weights"), sample_weight=w
        ),
        "matthews": lambda: quiet(sk.matthews_corrcoef, t, y, sample_weight=w),
    }
    of_numbers: dict[str, Callable[..., Any]] = {
        "mse": sk.mean_squared_error,
        "rmse": sk.root_mean_squared_error,
        "mae": sk.mean_absolute_error,
        "median_ae": sk.median_absolute_error,
        "r2": sk.r2_score,
        "explained_variance": sk.explained_variance_score,
        "pinball": sk.mean_pinball_loss,
    }
    if name in of_classes:
        return of_classes[name]()
    return quiet(of_numbers[name], t, y, sample_weight=w, **settings)


def _brier(t: Array, p: Array, w: Array | None) -> float:
    """Several classes: mean_squared_error of the indicators, which older versions of scikit-learn have, too."""
    if p.shape[1] == 2:
        return float(sk.brier_score_loss(t, p[:, 1], sample_weight=w, pos_label=1))
    return p.shape[1] * float(sk.mean_squared_error(np.eye(p.shape[1])[t], p, sample_weight=w))


VARIANTS = [(m.name, {}) for m in ALL if m.name != "calibration_error" and m not in LABELS] + [
    *((name, {"average": a}) for name in ("f1", "precision", "recall", "roc_auc") for a in ("weighted", "micro")),
    *((name, {"average": a}) for name in ("average_precision",) for a in ("weighted", "micro")),
    *((name, {"class": c}) for name in ("f1", "precision", "recall", "roc_auc", "average_precision") for c in (0, "1")),
    *(("cohen_kappa", {"weights": w}) for w in ("linear", "quadratic")),
    ("pinball", {"alpha": 0.9}),
]


def test_all_are_there():
    """The metrics that the documentation promises exist, no other ones."""
    assert [m.name for m in ALL] == NAMES.split()


@pytest.mark.parametrize("shape", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_scikit_learn(name: str, settings: dict[str, Any], shape: int, seed: int, weighted: bool):
    """Each metric with each of its settings is scikit-learn's number, for several classes or targets, with weights."""
    is_class = "classification" in make(Metric, name).tasks
    if name == "median_ae" and weighted and not hasattr(sk, "d2_brier_score"):
        pytest.skip("an older scikit-learn takes the lower of two medians of weighted rows")
    rows = (
        classified(shape + (2 if name == "top_k" else 1), seed=seed, weighted=weighted, ties=seed == 1)
        if is_class
        else numbers(shape, seed=seed, weighted=weighted)
    )

    assert got(name, rows, **settings) == pytest.approx(want(name, rows, **settings), abs=1e-12)


def one_class(y: list[int], t: list[int], p: list[float]) -> MetricInput:
    second = np.array(p)
    both = np.stack([1 - second, second], axis=1)
    return MetricInput(Task("classification", 2), np.array(t), np.array(y), both, both)


DEGENERATE = {
    "all rows of one class": one_class([0, 1, 0], [0, 0, 0], [0.1, 0.7, 0.3]),
    "one class predicted": one_class([0, 0, 0, 0], [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]),
    "one class in both": one_class([1, 1], [1, 1], [0.9, 0.6]),
    "all scores tie": one_class([1, 1, 1], [0, 1, 0], [0.6, 0.6, 0.6]),
    "certain and wrong": one_class([1, 0], [0, 1], [1.0, 0.0]),
    "one row": one_class([1], [1], [0.8]),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("name", [m.name for m in CLASSES if m.name not in ("calibration_error", "top_k")])
def test_degenerate_classes(name: str, case: str):
    """One class only, ties, certain mistakes: scikit-learn's number, nan where it has none.

    Averages over classes leave out those without rows, where scikit-learn's is nan or counts 0: compared by class.
    """
    rows = DEGENERATE[case]
    if name not in ("roc_auc", "average_precision"):
        assert got(name, rows) == pytest.approx(want(name, rows), abs=1e-12, nan_ok=True)
        return
    for c in (0, 1):
        assert got(name, rows, **{"class": c}) == pytest.approx(want(name, rows, **{"class": c}), nan_ok=True)


@pytest.mark.parametrize("name", [m.name for m in NUMBERS])
@pytest.mark.parametrize(
    ("t", "y"),
    [([2.0] * 4, [2.0] * 4), ([2.0] * 4, [1.0, 2.0, 3.0, 2.0]), ([1.0, 2.0], [5.0, 5.0]), ([1.0], [3.0])],
    ids=["constant and right", "constant", "constant prediction", "one row"],
)
def test_degenerate_numbers(name: str, t: list[float], y: list[float]):
    """A constant target, a constant prediction and a single row give scikit-learn's number."""
    rows = MetricInput(Task("regression", 1), np.array(t)[:, None], np.array(y)[:, None])

    assert got(name, rows) == pytest.approx(want(name, rows), nan_ok=True)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@pytest.mark.parametrize("bad", [nan, float("inf"), None])
def test_no_number_from_bad_predictions(metric: type[Metric], bad: float | None):
    """A nan or infinite prediction, or no row at all, gives nan and no warning."""
    by_task = {"classification": lambda: classified(3, 20), "multilabel": lambda: labelled(3, 20)}
    rows = by_task.get(metric.tasks[0], lambda: numbers(2, 20))()
    if bad is None:
        rows = MetricInput(rows.task, *(None if a is None else a[:0] for a in (rows.t, rows.y, rows.scores)))
    else:
        broken = (rows.y if rows.scores is None else rows.scores).copy()
        broken[3, 0] = bad
        y = broken if rows.scores is None else rows.y
        rows = MetricInput(rows.task, rows.t, y, None if rows.scores is None else broken, rows.probabilities)

    assert isnan(metric.model_validate({}).value(rows))


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
def test_direction_and_range(metric: type[Metric]):
    """A perfect prediction reaches the better end of the range, a bad one lies inside; the name tells which end."""
    made = metric.model_validate({})
    if "classification" in metric.tasks:
        t = np.arange(30) % 3
        right, wrong = np.eye(3)[t], np.eye(3)[(t + 1 + np.arange(30) % 2) % 3]
        task = Task("classification", 3)
        good, bad = (made.value(MetricInput(task, t, p.argmax(axis=1), p, p)) for p in (right, wrong))
    elif metric in LABELS:
        rows = labelled(3)
        good, bad = (made.value(MetricInput(rows.task, rows.t, y)) for y in (rows.t, 1 - rows.t))
    else:
        rows = numbers(1)
        good, bad = (made.value(MetricInput(rows.task, rows.t, y)) for y in (rows.t, -rows.t))
    low, high = metric.range

    assert good == pytest.approx(high if metric.higher_is_better else low, abs=1e-12)
    assert low <= bad <= high
    assert (bad < good) == metric.higher_is_better
    assert lower_is_better(f"val_{made.column}") == (not metric.higher_is_better)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
def test_labels_by_scikit_learn(weighted: bool, average: str):
    """Several labels a row: scikit-learn's numbers, for all labels together and for one by its name."""
    rows = labelled(3, weighted=weighted)
    t, y, p, w = rows.t, rows.y, rows.probabilities, rows.weights
    for name, function in (("f1", sk.f1_score), ("precision", sk.precision_score), ("recall", sk.recall_score)):
        expected = function(t, y, average=average, sample_weight=w, zero_division=0)
        assert got(name, rows, average=average) == pytest.approx(expected)
        each = function(t, y, average=None, sample_weight=w, zero_division=0)
        assert got(name, rows, **{"class": "blue"}) == pytest.approx(each[2])
    for name, function in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        assert got(name, rows, average=average) == pytest.approx(function(t, p, average=average, sample_weight=w))
    assert got("subset_accuracy", rows) == pytest.approx(sk.accuracy_score(t, y, sample_weight=w))
    assert got("hamming_loss", rows) == pytest.approx(sk.hamming_loss(t, y, sample_weight=w))


def test_one_of_several_targets():
    """A named target alone, in its own unit; levels are judged by their distance."""
    names = ("low", "high", "tiny")
    rows = replace(numbers(3), task=Task("regression", 3, names))
    for i, name in enumerate(names):
        made = make(Metric, "rmse", target=name)
        assert made.value(rows) == pytest.approx(sk.root_mean_squared_error(rows.t[:, i], rows.y[:, i]))
        assert made.column == f"rmse_{name}"
    assert make(Metric, "pinball", alpha=0.9, target="low").column == "pinball_0.9_low"
    with pytest.raises(UserError) as caught:
        make(Metric, "mae", target="hihg").check(rows.task)
    assert str(caught.value) == "no target is called `hihg`; did you mean `high`?"
    levels = MetricInput(Task("classification", 5, ordered=True), np.array([0, 1, 4]), np.array([0, 3, 2]))
    assert got("mae", levels) == pytest.approx(4 / 3)
    assert make(Metric, "mae").suits(levels.task)
    assert not make(Metric, "mae").suits(Task("classification", 5))


def test_calibration_error():
    """By hand: two bins of 0.5; 3 of 4 rows right at a mean of 0.9, 1 of 2 at 0.6: (4 * 0.15 + 2 * 0.1) / 6."""
    p = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    rows = one_class([1] * 6, [1, 1, 1, 0, 1, 0], p.tolist())

    assert got("calibration_error", rows, bins=15) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    assert got("calibration_error", rows, bins=15, **{"class": 1}) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    both_ways = one_class([1] * 4, [1, 1, 0, 0], [0.7, 0.7, 0.9, 0.9])  # 0.3 too low, 0.9 too high
    assert got("calibration_error", both_ways) == pytest.approx((2 * 0.3 + 2 * 0.9) / 4)
    assert got("calibration_error", rows, bins=1) == pytest.approx(abs(4 / 6 - p.mean()))


def test_absent_classes_are_left_out():
    """A class without rows does not change the mean of those that have some."""
    rows = classified(2)
    wide = np.concatenate([rows.scores, np.zeros((200, 1))], axis=1)
    more = MetricInput(Task("classification", 3), rows.t, rows.y, wide, wide)

    for name in ("f1", "balanced_accuracy", "average_precision", "roc_auc"):
        assert got(name, more) == got(name, rows)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("f1", {"class": "yess"}, "no class is called `yess`; did you mean `yes`?"),
        ("calibration_error", {"class": 7}, "no class is called `7`; there are `no` and `yes`"),
        ("top_k", {}, "with 2 classes top_2 is always 1; k is at most 1"),
    ],
)
def test_settings_that_do_not_fit(name: str, settings: dict[str, Any], message: str):
    """A class that does not exist, and a k that makes every row right, are refused."""
    with pytest.raises(UserError) as error:
        make(Metric, name, **settings).check(Task("classification", 2, ("no", "yes")))

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "settings", "column"),
    [
        ("f1", {}, "f1"),
        ("f1", {"average": "weighted"}, "f1_weighted"),
        ("recall", {"class": "New York, NY"}, "recall_New_York_NY"),
        ("pinball", {"alpha": 0.95}, "pinball_0.95"),
        ("cohen_kappa", {"weights": "quadratic"}, "cohen_kappa_quadratic"),
        ("calibration_error", {"class": 1}, "calibration_error_1"),
        ("top_k", {"k": 5}, "top_5"),
    ],
)
def test_columns(name: str, settings: dict[str, Any], column: str):
    """A column is called like the metric and what tells it apart from the others of its kind."""
    assert make(Metric, name, **settings).column == column


def test_class_is_a_key_like_the_others():
    """`class` is a word of Python, so its field has another name, which a config never shows."""
    metric = Metric.read({"f1": {"class": "yes"}})

    assert plain(metric) == {"name": "f1", "average": "macro", "class": "yes"}
    assert Metric.read(plain(metric)) == metric
