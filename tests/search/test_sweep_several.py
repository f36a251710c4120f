"""Repeats and folds: a trial of several runs, its uncertainty, comparisons run by run, a fold that stands out."""

import csv
import json

import numpy as np
import pytest
from scipy import stats
from sweep_stub import Killed, Stub, space_of, swept, table

from trainlab.search.cv_checks import suspicious_folds
from trainlab.search.experiment import read, read_plain
from trainlab.search.lookup import runs_of_trial
from trainlab.search.summary import not_told_apart
from trainlab.search.sweep import start
from trainlab.search.table import Row
from trainlab.search.uncertainty import paired, spread
from trainlab.store.reading import find_runs

EXPERIMENT = read_plain({"data": "moons"}).value


def rows(folder) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_interval_is_students():
    """Mean, standard error and interval are those of SciPy's t distribution; the paired test is SciPy's, too."""
    one, two = [0.91, 0.89, 0.93, 0.9], [0.88, 0.87, 0.92, 0.86]
    got = spread(one)
    assert got.std_error == pytest.approx(stats.sem(one), rel=1e-12)
    assert (got.low, got.high) == pytest.approx(stats.t.interval(0.95, 3, np.mean(one), stats.sem(one)), rel=1e-9)
    compared, want = paired(one, two), stats.ttest_rel(one, two)
    assert compared.p == pytest.approx(want.pvalue, rel=1e-9)
    interval = want.confidence_interval(0.95)
    assert (compared.low, compared.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert compared.clear == (want.pvalue < 0.05)


def test_folds_are_trusted_less():
    """Five folds share rows: the variance of their mean is 1/5 + 1/4 of theirs, as Nadeau and Bengio found."""
    scores = [0.9, 0.92, 0.94, 0.95, 0.91]
    assert spread(scores, 5).std_error == pytest.approx(np.std(scores, ddof=1) * np.sqrt(0.2 + 0.25), rel=1e-12)
    assert spread([0.9]) is None
    assert paired([0.9, 0.8], [0.9]) is None
    assert paired([0.9, 0.8], [0.9, 0.8]).p == 1.0


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Four trials of two repeats on three folds."""
    folder = tmp_path_factory.mktemp("several") / "s"
    summary = swept(folder, space_of(trials=4, repeats=2, folds=3, stop_bad_trials=False), Stub())
    return folder, summary


def test_a_trial_holds_a_run_for_each_repeat_and_fold(several):
    """Six folders with two seeds and three folds; the row has their scores, their mean and its interval."""
    folder, _ = several
    configs = [read(folder / f"trials/0001/{k}/config.yaml").value for k in range(1, 7)]
    assert [c.seed for c in configs] == [0, 0, 0, 1, 1, 1]
    assert [(c.data.split.folds, c.data.split.fold) for c in configs] == [(3, 1), (3, 2), (3, 3)] * 2
    assert runs_of_trial(folder, 1) == [folder / f"trials/0001/{k}" for k in range(1, 7)]
    first = rows(folder)[0]
    scores = json.loads(first["scores"])
    assert len(scores) == 6
    assert float(first["val_loss"]) == pytest.approx(np.mean(scores), rel=1e-12)
    got = spread(scores, 3)
    assert [float(first[k]) for k in ("std_error", "low", "high")] == [got.std_error, got.low, got.high]
    assert first["epochs"] == "36"
    best = read(folder / "best.yaml").value
    assert best.data.split.folds is None
    assert best.monitors.stop_on == ["diverged"]


def test_several_runs_are_the_same_for_any_number_of_workers_and_after_kills(several, tmp_path):
    """By one worker or four, undisturbed or killed within a trial: the same table."""
    folder, _ = several
    given = {"trials": 4, "repeats": 2, "folds": 3, "stop_bad_trials": False}
    swept(tmp_path / "s", space_of(**given), Stub(4))
    assert table(tmp_path / "s") == table(folder)
    for point in (4, 15):
        at = tmp_path / str(point)
        with pytest.raises(Killed):
            swept(at, space_of(**given), Stub(2, kill_at=point))
        rest = Stub(2)
        swept(at, space_of(**given), rest)
        assert table(at) == table(folder)
        assert len(rest.jobs) == 24 - point


def test_a_crashed_run_fails_its_trial_with_its_number(tmp_path):
    """The trial is `failed`, has no score, and says which of its runs it was."""
    swept(tmp_path / "s", space_of(trials=2, repeats=3, stop_bad_trials=False), Stub(crashes=1))
    first, second = rows(tmp_path / "s")
    assert (first["status"], first["val_loss"], first["reason"]) == ("failed", "", "run 1: exit code 1: no memory")
    assert second["status"] == "finished"


def test_rungs_are_taken_with_all_runs(tmp_path):
    """asha with repeats promotes by the mean at the rung, and trains nothing twice."""
    stub = Stub(3)
    swept(tmp_path / "s", space_of({"name": "asha", "eta": 2}, 4, epochs=2, repeats=2, stop_bad_trials=False), stub)
    found = rows(tmp_path / "s")
    assert sorted(int(r["epochs"]) for r in found) == [2, 2, 4, 4]
    assert stub.epochs == 12


def test_trials_that_cannot_be_told_from_the_best_are_named():
    """Over the same seeds: a trial that is worse by as much on each is clearly worse, one that is so by luck is not."""
    best = Row(1, "finished", {}, 0.5, scores=(0.5, 0.6, 0.4))
    worse = Row(2, "finished", {}, 0.6, scores=(0.6, 0.71, 0.5))
    alike = Row(3, "finished", {}, 0.61, scores=(0.5, 0.9, 0.43))
    assert [number for number, _ in not_told_apart([best, worse, alike])] == [3]
    assert not_told_apart([Row(1, "finished", {}, 0.5), Row(2, "finished", {}, 0.5)]) == []


def test_a_fold_that_stands_apart_is_told():
    """A fold with shuffled labels is, with its number; better ones are advice only."""
    (found,) = suspicious_folds(EXPERIMENT, "val_accuracy", [0.95, 0.96, 0.3, 0.94, 0.95], 60)
    assert (found.code, found.severity) == ("suspicious-fold", "warning")
    assert found.message == "Fold 3 of 5 has a val_accuracy of 0.3, far worse than the 0.95 of the others."
    (found,) = suspicious_folds(EXPERIMENT, "val_loss", [0.5, 0.55, 0.48, 0.002, 0.52], 100)
    assert found.severity == "info"
    assert "Fold 4 of 5 has a val_loss of 0.002, far better" in found.message


def test_healthy_folds_are_left_in_peace():
    """Of 2 000 cross-validations that only chance tells apart, large and small, none is bothered."""
    rng = np.random.default_rng(0)
    for n, p, k in ((20, 0.95, 5), (30, 0.9, 4), (300, 0.97, 5), (2000, 0.8, 10)):
        for _ in range(250):
            assert suspicious_folds(EXPERIMENT, "val_accuracy", (rng.binomial(n, p, k) / n).tolist(), n) == []
            losses = np.exp(rng.normal(-1, (2 / n) ** 0.5, k)).tolist()
            assert suspicious_folds(EXPERIMENT, "val_loss", losses, n) == []
    odd = [[], [0.5], [0.0] * 5, [1.0] * 5, [float("nan")] * 5, [float("inf"), 1, 2, 3]]
    assert [suspicious_folds(EXPERIMENT, m, s, 50) for s in odd for m in ("val_loss", "val_accuracy")] == [[]] * 12


CROSS_VALIDATION = """\
name: cv
data: {name: iris, preprocess: [standardize]}
model: {name: mlp, hidden: [8]}
train: {epochs: 3}
sweep: {metric: val_accuracy, trials: 1, folds: 4, space: {optimizer.lr: 0.02}}
"""


def test_a_space_of_constants_is_a_cross_validation(tmp_path):
    """One trial, four folds, real runs: each on its own quarter of the rows, none suspicious."""
    (tmp_path / "cv.yaml").write_text(CROSS_VALIDATION)
    summary = start(read(tmp_path / "cv.yaml"), runs=tmp_path, workers=2)
    (row,) = rows(summary.folder)
    assert row["status"] == "finished"
    assert row["optimizer.lr"] == "0.02"
    assert len(json.loads(row["scores"])) == 4
    assert "suspicious-fold" not in row["diagnoses"]
    assert summary.best[0].spread.low < summary.best[0].score < summary.best[0].spread.high


def test_the_runs_of_a_trial_are_found(several):
    """A sweep's folder lists every run of every trial."""
    folder, _ = several
    assert len(find_runs(folder)) == len(find_runs(folder.parent)) == 24
