"""Metrics in a config, and the one metric that decides which epoch of a run is the best."""

import json

import numpy as np
import pytest

from trainlab.core.config import Document, read_plain
from trainlab.core.problem import ConfigError
from trainlab.inference.evaluate import evaluate
from trainlab.store.columns import metric_columns
from trainlab.store.reading import RunRecord
from trainlab.store.rows import read_rows
from trainlab.training.experiment import Experiment, named
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build
from trainlab.training.train import resume, train


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    """A table of 1200 customers of whom 17 % leave, those with high fees and many calls more often."""
    rng = np.random.default_rng(3)
    n = 1200
    fee, calls, months = rng.normal(60, 15, n), rng.poisson(1.5, n), rng.integers(1, 72, n)
    urge = 0.05 * (fee - 60) + 0.8 * (calls - 1.5) - 0.03 * (months - 36) + rng.logistic(0, 0.7, n)
    leaves = np.where(urge > np.quantile(urge, 0.83), "yes", "no")
    path = tmp_path_factory.mktemp("data") / "churn.csv"
    lines = [f"{f:.2f},{c},{m},{w}" for f, c, m, w in zip(fee, calls, months, leaves, strict=True)]
    path.write_text("\n".join(["fee,calls,months,leaves", *lines]) + "\n")
    return path


def config(table: object, **changes: object) -> Document[Experiment]:
    """A small network on a table, with changes by dotted paths."""
    made = {
        "data": {"name": "csv", "path": str(table), "target": "leaves", "split": {"val": 0.25, "test": 0.25}},
        "model": {"mlp": [8]},
        "optimizer": {"name": "adam", "lr": 0.01},
        "train": {"epochs": 6},
    }
    paths = {name.replace("__", "."): value for name, value in changes.items()}
    return named(read_plain(Experiment, made, "config", {"data.preprocess": ["standardize"], **paths}))


WEIGHTED = {"name": "softmax_cross_entropy", "class_weights": "balanced"}


def test_customers_who_leave(churn, tmp_path):
    """With 17 % positives the balanced network is kept, not the untrained one that is right more often."""
    document = config(churn, loss=WEIGHTED, metrics=[{"name": "f1", "class": "yes"}], train__epochs=15)
    result = train(document, runs=tmp_path)
    rows = read_rows(result.folder / "metrics.csv")

    assert result.best["metric"] == "val_balanced_accuracy"
    assert result.best["epoch"] > 0
    assert result.best["value"] == max(rows["val_balanced_accuracy"][1:]) > 0.75
    assert rows["val_f1_yes"][result.best["epoch"]] > 0.5
    assert result.test["f1_yes"] > 0.5
    facts = json.loads((result.folder / "data.json").read_text())["best"]
    assert facts["metric"] == "val_balanced_accuracy"
    assert facts["why"].startswith("the largest class has 4.88 times as many rows as the smallest")


def decided(document: Document[Experiment]) -> str:
    return build(document).best.metric


def test_who_decides(churn):
    """train.best decides, else the metric of early stopping, else the sweep's; else the task, by balanced accuracy."""
    patience, space = {"patience": 3}, {"space": {"optimizer.lr": {"log": [1e-3, 1]}}}
    auc = {**space, "metric": "val_roc_auc"}

    assert decided(config(churn)) == "val_balanced_accuracy"
    assert decided(config(churn, train__best="val_f1")) == "val_f1"
    assert decided(config(churn, train__early_stopping=patience)) == "val_balanced_accuracy"
    assert decided(config(churn, train__early_stopping={**patience, "metric": "val_loss"})) == "val_loss"
    assert decided(config(churn, sweep=auc)) == "val_roc_auc"
    assert decided(config(churn, sweep=auc, train__early_stopping={"metric": "train_loss"})) == "train_loss"
    assert decided(config(churn, sweep=auc, train__best="val_loss")) == "val_loss"
    assert decided(config(churn, data__split__val=0.0)) == "train_loss"
    even = {"data": {"name": "moons"}, "data.preprocess": []}
    assert decided(config(churn, **even)) == "val_accuracy"
    assert decided(config(churn, **even, train__early_stopping=patience)) == "val_loss"
    assert decided(config(churn, **even, sweep=space)) == "val_loss"
    assert decided(config(churn, data={"name": "friedman1"}, train__best="auto")) == "val_r2"


def test_patience_and_plateau_follow(churn):
    """Early stopping and the schedule plateau watch the metric that decides, unless they name another one."""
    setup = build(config(churn, train__best="val_f1", train__early_stopping={"patience": 2}, train__epochs=80))
    session = TrainingSession(setup, monitored=False)

    assert session.fit().reason == "val_f1 did not improve for 2 epochs"
    scores = [row["val_f1"] for row in session.metrics.curves.rows]
    best = session.metrics.best.epoch
    assert best == 1 + int(np.argmax(scores[1:]))
    assert len(scores) - 1 == best + 2


def test_the_untrained_network_is_the_best_only_without_training(churn, tmp_path):
    """Epoch 0 is the best of a run of no epochs; a later one however bad is better than it."""
    none = train(config(churn, train__epochs=0), runs=tmp_path)
    bad = train(config(churn, optimizer={"sgd": 1e-9}, train__best="val_accuracy", train__epochs=2), runs=tmp_path)
    record = RunRecord(bad.folder, "bad")

    assert none.best["epoch"] == 0
    assert bad.best["epoch"] > 0
    assert record.scores["val_loss"][1] > 0


def test_last_of_ties(churn):
    """Of equal epochs the one with the lowest val_loss is the best, with `ties: last` the last one."""
    still = {"optimizer": {"sgd": 1e-9}, "train.best": "val_accuracy", "train.epochs": 4}
    epochs = []
    for ties in ("loss", "last"):
        session = TrainingSession(build(config(churn, **still, train__ties=ties)), monitored=False)
        session.fit()
        rows = session.metrics.curves.rows[1:]
        assert len({row["val_accuracy"] for row in rows}) == 1
        epochs.append((session.metrics.best.epoch, min(rows, key=lambda row: row["val_loss"])["epoch"]))

    assert epochs[0][0] == epochs[0][1]
    assert epochs[1][0] == 4


def test_start_epoch(churn):
    """Epochs before `start_epoch` are not counted by early stopping."""
    rule = {"patience": 1, "min_delta": 1.0}
    ends = []
    for first in (0, 1, 5):
        document = config(churn, train__epochs=20, train__early_stopping={**rule, "start_epoch": first})
        session = TrainingSession(build(document), monitored=False)
        session.fit()
        ends.append(session.trainer.epoch)

    assert ends == [2, 2, 6]


METRICS = ["f1", {"name": "f1", "class": "yes"}, "roc_auc", {"top_k": 1}, "log_loss"]


def test_columns_after_todays(churn, tmp_path):
    """Metrics add columns behind those of today, with the numbers of `evaluate`; they change no other number."""
    plain = train(config(churn, train__best="val_loss"), runs=tmp_path)
    more = train(config(churn, train__best="val_loss", metrics=METRICS), runs=tmp_path)
    one, two = (read_rows(run.folder / "metrics.csv") for run in (plain, more))
    extra = ["val_f1", "val_f1_yes", "val_roc_auc", "val_top_1", "val_log_loss", "val_balanced_accuracy"]

    assert list(two) == [*metric_columns("classification"), *extra]
    assert list(one) == [*metric_columns("classification"), "val_balanced_accuracy"]
    shared = [name for name in one if name != "seconds"]
    assert {name: one[name] for name in shared} == {name: two[name] for name in shared}
    found = evaluate(more.folder, part="val").scores
    best = more.best["epoch"]
    assert {name: found[name.removeprefix("val_")] for name in extra} == {name: two[name][best] for name in extra}
    assert list(more.test) == ["loss", "accuracy", *(name.removeprefix("val_") for name in extra)]
    assert evaluate(more.folder).scores["roc_auc"] == more.test["roc_auc"]


def test_same_after_resume_and_on_both_backends(churn, tmp_path):
    """A resumed run has the same metrics bit for bit; NumPy and the kernels agree up to rounding."""
    document = config(churn, metrics=METRICS, train__best="val_roc_auc")
    whole = train(document, runs=tmp_path)
    cut = resume(train(document, runs=tmp_path, until=3).folder)
    numpy = train(config(churn, metrics=METRICS, train__best="val_roc_auc", train__engine="numpy"), runs=tmp_path)
    one, two, other = (read_rows(run.folder / "metrics.csv") for run in (whole, cut, numpy))

    assert {k: v for k, v in one.items() if k != "seconds"} == {k: v for k, v in two.items() if k != "seconds"}
    assert whole.best == cut.best
    assert whole.test == cut.test
    for name in list(one)[11:]:
        assert other[name] == pytest.approx(one[name], rel=1e-3, abs=1e-4)


def test_numbers_in_their_own_units(tmp_path):
    """Metrics of numbers are in the units of the target, also where it is scaled for training."""
    document = config("", data={"name": "diabetes", "scale_target": True}, metrics=["rmse", "mae", {"pinball": 0.9}])
    got = train(document, runs=tmp_path)
    scores = evaluate(got.folder).scores

    assert scores["rmse"] == pytest.approx(got.test["rmse"])
    assert got.test["rmse"] > 20
    assert list(got.test) == ["loss", "r2", "rmse", "mae", "pinball_0.9"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ["roc_acu"]}, "metrics.0: unknown metric `roc_acu`; did you mean `roc_auc`?"),
        ({"metrics": ["rmse"]}, "metrics.0: rmse is for regression, not for classification"),
        ({"metrics": ["f1", "f1"]}, "metrics.1: two metrics would have the column `val_f1`"),
        ({"metrics": ["log_loss"], "loss": "hinge"}, "metrics.0: log_loss needs probabilities, which the loss hinge"),
        ({"metrics": [{"recall": {"class": "yess"}}]}, "metrics.0: no class is called `yess`; did you mean `yes`?"),
        ({"train.best": "f1"}, "train.best: nothing is measured as `f1`; did you mean `val_f1`?"),
        ({"train.best": "val_rmse"}, "train.best: nothing is measured as `val_rmse`"),
        ({"train.best": "val_f1", "data.split.val": 0.0}, "train.best: `val_f1` needs validation rows"),
    ],
)
def test_refused(churn, changes, message):
    """A metric that cannot be measured is an error at its place in the config, with the nearest one that can be."""
    with pytest.raises(ConfigError) as error:
        build(config(churn, **changes))

    assert message in str(error.value).replace("override `", "").replace("`: ", ": ", 1)
