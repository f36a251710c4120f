"""What a sweep has learnt, from tables in which it is known what there is to learn."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from trainlab.report.learnt import Learnt, fates, keep, learnt, regions
from trainlab.report.sweep_record import SweepRecord

SPACE = {"optimizer.lr": {"log": [1e-4, 1.0]}, "model.dropout": {"uniform": [0.0, 0.7]}, "optimizer.name": None}


def sweep(path: Path, rows: list[dict], *, epochs=10, **settings) -> SweepRecord:
    """A sweep's folder with this table."""
    config = {"train": {"epochs": epochs}, "sweep": {"metric": "val_loss", "space": SPACE, **settings}}
    (path / "sweep.yaml").write_text(json.dumps(config), encoding="utf-8")
    with (path / "trials.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return SweepRecord(path)


def table(count=40, *, seed=0, limit=0.2) -> list[dict]:
    """Trials whose loss is how far lr is from 0.01, in powers of ten; beyond the limit they diverge. Dropout and the
    optimizer's name change nothing.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict] = []
    for number in range(1, count + 1):
        lr = float(10 ** rng.uniform(-4, 0))
        diverged = lr > limit
        rows.append(
            {
                "trial": number,
                "status": "diverged" if diverged else "finished",
                "optimizer.lr": lr,
                "model.dropout": float(rng.uniform(0, 0.7)),
                "optimizer.name": str(rng.choice(["adam", "sgd"])),
                "val_loss": "" if diverged else abs(np.log10(lr) + 2),
                "epochs": 3 if diverged else 10,
                "diagnoses": "diverged lr-too-high" if diverged else "",
            }
        )
    return rows


def test_what_mattered_and_where(tmp_path):
    """The setting that made the score is named first, and its good region lies around its best value."""
    found = learnt(sweep(tmp_path, table(60)))
    assert next(iter(found.importance.shares)) == "optimizer.lr"
    assert found.importance.shares["optimizer.lr"] > 0.9
    region = next(r for r in found.regions if r.setting == "optimizer.lr")
    assert 1e-3 < region.good[0] < 0.01 < region.good[1] < 0.1
    assert region.tried[0] < 1e-3
    assert region.tried[1] > 0.3
    name = next(r for r in found.regions if r.setting == "optimizer.name")
    assert sorted(name.tried) == ["adam", "sgd"]


def test_what_the_failures_have_in_common(tmp_path):
    """Those that diverged are told apart by the learning rate, not by what has nothing to do with it."""
    rows = table()
    bad = [row["optimizer.lr"] for row in rows if row["status"] == "diverged"]
    found = fates(sweep(tmp_path, rows))
    assert [f.what for f in found] == ["diverged", "said lr-too-high"]
    assert found[0].text == f"{len(bad)} of 40 diverged, all with optimizer.lr >= {min(bad):.4g}"


@pytest.mark.parametrize(("kept", "told"), [(0, ", all with optimizer.name sgd"), (1, "(6 such trials)"), (4, "")])
def test_an_option_that_fails(tmp_path, kept, told):
    """An option is named where nearly all of its trials fail, with how many there are; not where many do well."""
    rows = [row | {"optimizer.name": "adam", "status": "finished", "val_loss": 1.0} for row in table(20, limit=9)]
    for i, row in enumerate(rows[: 5 + kept]):
        row |= {"optimizer.name": "sgd", "status": "failed" if i < 5 else "finished"}
        row["optimizer.lr"], row["model.dropout"] = [(0.001, 0.1), (0.5, 0.6)][i % 2]
    (found,) = fates(sweep(tmp_path, rows))
    assert (found.what, found.trials) == ("failed", 5)
    assert told in found.text
    assert bool(found.where) is bool(told)


def test_too_little_says_nothing(tmp_path):
    """Two failures are no pattern, three trials no region, and few trials no importance: it says so."""
    rows = table(3, limit=9)
    found = learnt(sweep(tmp_path, rows))
    assert (list(found.regions), list(found.fates), dict(found.importance.shares)) == ([], [], {})
    assert found.lines() == ["what mattered cannot be told: 3 trials tell too little; 12 are needed"]
    rows = table(20, limit=9)
    for row in rows[:2]:
        row["status"] = "failed"
    assert fates(sweep(tmp_path, rows)) == []


def test_epochs_saved(tmp_path):
    """Against training each trial, with all of its repeats, to its end; not told where the length is searched."""
    rows = [row | {"epochs": 6, "status": "finished", "val_loss": 1.0} for row in table(10)]
    found = learnt(sweep(tmp_path, rows, repeats=2))
    assert (found.epochs, found.whole, found.saved) == (60, 200, 0.7)
    assert "epochs: 60 instead of 200, 70% saved" in found.lines()
    config = json.loads((tmp_path / "sweep.yaml").read_text())
    config["sweep"]["space"]["train.epochs"] = {"int": [5, 10]}
    (tmp_path / "sweep.yaml").write_text(json.dumps(config))
    assert learnt(SweepRecord(tmp_path)).whole == 0


def test_it_is_kept(tmp_path):
    """learnt.json holds the same, with the method of the importance; what was said of the sweep as a whole is in it."""
    finding = {"code": "edge-of-range", "severity": "warning", "message": "the best lies at the upper end"}
    (tmp_path / "findings.jsonl").write_text(json.dumps(finding) + "\n")
    record = sweep(tmp_path, table())
    found = learnt(record)
    got = json.loads(keep(record, found).read_text())
    assert got == json.loads(json.dumps(found.as_dict()))
    assert "permutation importance" in got["importance"]["method"]
    assert got["findings"] == [finding]
    assert found.lines()[-1] == "edge-of-range: the best lies at the upper end"


def test_a_folder_that_holds_nothing(tmp_path):
    """A folder without a table is no crash."""
    found = learnt(SweepRecord(tmp_path))
    assert isinstance(found, Learnt)
    assert regions(SweepRecord(tmp_path)) == []
