"""asha, staged and tpe with real runs: promoted trials have the bits of those that never stopped; bad ones stop."""

import csv
from importlib.util import find_spec

import pytest
from moons_run import assert_same_run

from trainlab.search.experiment import read
from trainlab.search.sweep import start
from trainlab.store.findings import read_findings
from trainlab.training.train import train

CONFIG = """\
name: tiny
data: {name: moons, samples: 120, noise: 0.2}
model: {name: mlp, hidden: [4]}
optimizer: {name: adam, lr: 0.01}
schedule: cosine
train: {epochs: 4, batch_size: 16}
sweep:
  metric: val_loss
  trials: 6
  space: {optimizer.lr: {log: [1e-3, 0.3]}}
"""


def rows(folder) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("rungs") / "tiny.yaml"
    path.write_text(CONFIG)
    return path


def test_a_promoted_trial_is_one_that_never_stopped(config, tmp_path):
    """Trained to epoch 1, then 2, then 4 in three processes, the winner has the bits of a single run of its config."""
    summary = start(read(config, ["sweep.strategy={asha: 2}"]), runs=tmp_path, workers=2)
    found = rows(summary.folder)
    assert sorted(int(row["epochs"]) for row in found) == [1, 1, 1, 2, 4, 4]
    assert {row["status"] for row in found if row["epochs"] != "4"} == {"stopped"}
    winner = summary.folder / "trials" / f"{summary.best[0].trial:04}"
    whole = train(read(winner / "config.yaml"), runs=tmp_path / "whole")
    assert_same_run(whole.folder, winner)


@pytest.mark.parametrize(
    "strategy", ["staged", pytest.param("tpe", marks=pytest.mark.skipif(not find_spec("optuna"), reason="an extra"))]
)
def test_strategies_that_learn_do_not_depend_on_workers(config, tmp_path, strategy):
    """By one worker and by three: the same table but for the seconds."""
    given = {"staged": "staged", "tpe": "{name: tpe, startup: 2, generation: 2}"}[strategy]
    tables = []
    for workers in (1, 3):
        summary = start(read(config, [f"sweep.strategy={given}"]), runs=tmp_path / str(workers), workers=workers)
        tables.append([{k: v for k, v in row.items() if k != "seconds"} for row in rows(summary.folder)])
    assert tables[0] == tables[1]
    assert [row["status"] for row in tables[0]] == ["finished"] * 6


def test_an_error_ends_a_bad_trial_at_once(config, tmp_path):
    """Where every trial explodes they are stopped long before their end, with the diagnosis; the best one goes on."""
    changes = ["optimizer={sgd: 0.1}", "sweep.space.optimizer.lr={log: [20, 200]}", "schedule=constant"]
    changes += ["train.epochs=12", "train.batch_size=4", "data.faults=[{scale: 30}]"]
    changes += ["monitors.exploding-loss.least=10"]
    summary = start(read(config, changes), runs=tmp_path, workers=2)
    found = rows(summary.folder)
    bad = [row for row in found if row["status"] in ("stopped", "diverged")]
    assert len(bad) >= 4
    assert all(int(row["epochs"]) < 12 for row in bad)
    for row in bad:
        said = read_findings(summary.folder / "trials" / f"{int(row['trial']):04}" / "diagnoses.jsonl")
        assert any(one["severity"] == "error" for one in said)
        assert row["reason"] in {one["message"] for one in said}
