"""Sweeps, `fix`, ensembles and reports follow the metric that decides which epoch of a run is the best."""

from pathlib import Path

import pytest

from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.inference.ensemble.making import make_ensemble
from trainlab.inference.ensemble.members import from_runs
from trainlab.report.html.run_page import run_page
from trainlab.report.requirements import check_all, parse
from trainlab.report.rows import gather, main_test, row_of, sorted_rows
from trainlab.search.experiment import SweepExperiment, read_plain
from trainlab.search.lookup import best_trials
from trainlab.search.sweep import resume, start
from trainlab.store.plain_yaml import read_config
from trainlab.store.reading import RunRecord
from trainlab.store.rows import read_rows
from trainlab.tools.fix.budget import Budget
from trainlab.tools.fix.fix import fix
from trainlab.tools.fix.score import score_of
from trainlab.training.setup import build
from trainlab.training.train import train

RARE = {
    "name": "rare",
    "data": {"name": "moons", "samples": 300, "faults": [{"minority": {"share": 0.2}}]},
    "model": {"name": "mlp", "hidden": [4]},
    "optimizer": {"name": "adam", "lr": 0.01},
    "train": {"epochs": 3},
}
SPACE = {"trials": 3, "space": {"optimizer.lr": {"log": [1e-3, 1e-1]}}}


def config(**changes: object) -> Document[SweepExperiment]:
    return read_plain(RARE, {name.replace("__", "."): value for name, value in changes.items()})


@pytest.mark.parametrize(
    ("changes", "metric"),
    [
        ({}, "val_balanced_accuracy"),
        ({"data__faults": []}, "val_loss"),
        ({"train__best": "val_f1"}, "val_f1"),
        ({"sweep__metric": "val_roc_auc"}, "val_roc_auc"),
    ],
)
def test_a_sweep_compares_by_it(tmp_path: Path, changes: dict[str, object], metric: str):
    """The metric that decides is the sweep's, the trials keep their best epoch by it, and a resume keeps it."""
    got = start(config(**{"sweep": SPACE, **changes}), runs=tmp_path)
    again = resume(got.folder)
    table = read_rows(got.folder / "trials.csv")

    assert (got.metric, again.metric) == (metric, metric)
    assert read_config(got.folder / "sweep.yaml")["sweep"]["metric"] == metric
    for i, number in enumerate(table["trial"]):
        best = RunRecord(got.folder / "trials" / f"{number:04}", "").status.best
        assert (best.metric, best.value, best.epoch) == (metric, table[metric][i], table["best_epoch"][i])
    order = sorted(table["trial"], key=lambda n: table[metric][table["trial"].index(n)], reverse=metric != "val_loss")
    assert best_trials(got.folder) == order


def test_a_trial_is_scored_in_the_epoch_that_it_keeps(tmp_path: Path):
    """Where the config names another metric for the best epoch, the score is the sweep's metric in that epoch."""
    got = start(config(sweep={**SPACE, "metric": "val_accuracy"}, train__best="train_loss"), runs=tmp_path)
    table = read_rows(got.folder / "trials.csv")

    for i, number in enumerate(table["trial"]):
        record = RunRecord(got.folder / "trials" / f"{number:04}", "")
        assert record.status.best.metric == "train_loss"
        assert table["val_accuracy"][i] == record.metrics["val_accuracy"][record.status.best.epoch]


def test_a_sweep_refuses_what_is_not_measured(tmp_path: Path):
    """An unknown metric is an error before the first trial, with the nearest one."""
    with pytest.raises(ConfigError, match="nothing is measured as `val_f2`; did you mean `val_f1`"):
        start(config(sweep={**SPACE, "metric": "val_f2"}), runs=tmp_path)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs whose best epoch is by log loss, of which less is better; the second is worse."""
    runs = tmp_path_factory.mktemp("runs")
    common = {"train__best": "val_log_loss", "metrics": ["f1"]}
    return [train(config(**common, optimizer__lr=lr), runs=runs).folder for lr in (0.03, 1e-4)]


def test_reports_follow(two: list[Path], tmp_path: Path):
    """`--sort best`, `--require best<...`, the test column and the page use each run's own metric."""
    runs = two[0].parent
    good, bad = (RunRecord(path, path.name) for path in two)
    rows = sorted_rows(gather([], runs), "best")
    checks = check_all(parse([f"best<={good.status.best.value}"]), [good, bad])

    assert [record.path for record, _ in rows] == two
    assert [check.passed for check in checks] == [True, False]
    assert main_test(row_of(good)) == "log_loss"
    assert "log_loss was best in epoch" in run_page(good)
    other = train(config(), runs=tmp_path).folder
    with pytest.raises(UserError, match="different metrics decide in these runs, val_log_loss and val_balanced"):
        sorted_rows([*gather([], runs), *gather([], other.parent)], "best")


def test_ensembles_follow(two: list[Path]):
    """An ensemble is scored by the metric of its first member, and its best member has the least log loss."""
    made = make_ensemble(from_runs(two, two[0].parent), save=False)

    assert (made.metric, made.lower_is_better) == ("log_loss", True)
    assert made.best.name == two[0].name
    assert made.together.scores["val"]["log_loss"] > 0


@pytest.mark.parametrize(
    ("changes", "metric"),
    [
        ({}, "val_balanced_accuracy"),
        ({"train__best": "val_f1"}, "val_f1"),
        ({"train__best": "val_loss"}, "val_balanced_accuracy"),
        ({"train__best": "val_accuracy"}, "val_accuracy"),
        ({"data__faults": [], "train__best": "val_loss"}, "val_accuracy"),
        ({"data__split__val": 0.0}, "train_accuracy"),
        ({"data": {"name": "diabetes"}, "train__best": "val_rmse"}, "val_r2"),
    ],
)
def test_fix_compares_by_it(changes: dict[str, object], metric: str):
    """`fix` compares by the metric that decides, if it is a share of one; otherwise by the score of the task."""
    assert score_of(build(config(**changes))).metric == metric


def test_fix_keeps_it_in_its_trials(tmp_path: Path):
    """The trials of `fix` keep their best epoch by the metric of the run; the cured config does not name it."""
    run = train(config(optimizer__lr=1e-6, train__epochs=8), runs=tmp_path).folder
    got = fix(run, budget=Budget(runs=2))

    assert got.metric == "val_balanced_accuracy"
    assert got.reruns > 0
    for trial in got.trials[1:]:
        best = RunRecord(trial.folder, "").status.best
        assert best.metric == "val_balanced_accuracy"
    assert got.config()["train"]["best"] == "auto"


def test_patience_is_advised_where_patience_ended_the_run(tmp_path: Path):
    """A run that early stopping ended while its loss fell is told to be more patient, not to train for more epochs."""
    rule = {"metric": "val_accuracy", "patience": 4, "min_delta": 1.0}
    changes = {"optimizer__lr": 0.003, "train__epochs": 40, "train__early_stopping": rule}
    run = train(config(**changes, data__faults=[], data__samples=2000), runs=tmp_path)
    found = [finding for finding in run.findings if finding.code == "not-converged"]

    assert run.epoch < 40
    patches = [patch for finding in found for patch in finding.patches]
    assert {"train.early_stopping.patience": 12} in patches
    assert all("train.epochs" not in patch for patch in patches)
    assert "early stopping ended the run" in found[0].message
