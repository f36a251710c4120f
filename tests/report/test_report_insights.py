"""Insights of a sweep, from tables with a known answer."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from trainlab.report.insights import Insights, failure_patterns, good_ranges, insights, write_insights
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


def test_importance_and_good_range(tmp_path):
    """The setting that decides the score comes first, and its good range lies around its best value."""
    found = insights(sweep(tmp_path, table(60)))
    assert next(iter(found.importance.shares)) == "optimizer.lr"
    assert found.importance.shares["optimizer.lr"] > 0.9
    lr = next(r for r in found.ranges if r.setting == "optimizer.lr")
    assert 1e-3 < lr.good[0] < 0.01 < lr.good[1] < 0.1
    assert lr.tried[0] < 1e-3
    assert lr.tried[1] > 0.3
    name = next(r for r in found.ranges if r.setting == "optimizer.name")
    assert sorted(name.tried) == ["adam", "sgd"]


def test_what_the_failures_have_in_common(tmp_path):
    """The learning rate separates the diverged trials from the others; settings without effect do not."""
    rows = table()
    bad = [row["optimizer.lr"] for row in rows if row["status"] == "diverged"]
    found = failure_patterns(sweep(tmp_path, rows))
    assert [f.what for f in found] == ["diverged", "had the finding lr-too-high"]
    assert found[0].text == f"{len(bad)} of 40 diverged, all with optimizer.lr >= {min(bad):.4g}"


@pytest.mark.parametrize(("finished", "text"), [(0, ", all with optimizer.name sgd"), (1, "(6 such trials)"), (4, "")])
def test_an_option_that_fails(tmp_path, finished, text):
    """An option is named where nearly all of its trials fail, with how many there are; not where many do well."""
    rows = [row | {"optimizer.name": "adam", "status": "finished", "val_loss": 1.0} for row in table(20, limit=9)]
    for i, row in enumerate(rows[: 5 + finished]):
        row |= {"optimizer.name": "sgd", "status": "failed" if i < 5 else "finished"}
        row["optimizer.lr"], row["model.dropout"] = [(0.001, 0.1), (0.5, 0.6)][i % 2]
    (found,) = failure_patterns(sweep(tmp_path, rows))
    assert (found.what, found.trials) == ("failed", 5)
    assert text in found.text
    assert bool(found.where) is bool(text)


def test_too_few_trials(tmp_path):
    """Two failures are no pattern, three trials give no range, and few trials no importance, with the reason."""
    rows = table(3, limit=9)
    found = insights(sweep(tmp_path, rows))
    assert (list(found.ranges), list(found.failures), dict(found.importance.shares)) == ([], [], {})
    assert found.lines() == ["importance unknown: it needs 12 trials, the sweep has 3"]
    rows = table(20, limit=9)
    for row in rows[:2]:
        row["status"] = "failed"
    assert failure_patterns(sweep(tmp_path, rows)) == []


def test_epochs_saved(tmp_path):
    """Against training each trial, with all of its repeats, to its end; not told where the length is searched."""
    rows = [row | {"epochs": 6, "status": "finished", "val_loss": 1.0} for row in table(10)]
    found = insights(sweep(tmp_path, rows, repeats=2))
    assert (found.epochs, found.full_epochs, found.saved) == (60, 200, 0.7)
    assert "epochs: 60 instead of 200, 70% saved" in found.lines()
    config = json.loads((tmp_path / "sweep.yaml").read_text())
    config["sweep"]["space"]["train.epochs"] = {"int": [5, 10]}
    (tmp_path / "sweep.yaml").write_text(json.dumps(config))
    assert insights(SweepRecord(tmp_path)).full_epochs == 0


def test_learnt_json(tmp_path):
    """learnt.json holds the insights with the method of the importance and the findings about the whole sweep."""
    finding = {"code": "edge-of-range", "severity": "warning", "message": "the best lies at the upper end"}
    (tmp_path / "findings.jsonl").write_text(json.dumps(finding) + "\n")
    record = sweep(tmp_path, table())
    found = insights(record)
    got = json.loads(write_insights(record, found).read_text())
    assert got == json.loads(json.dumps(found.as_dict()))
    assert "permutation importance" in got["importance"]["method"]
    assert got["findings"] == [finding]
    assert found.lines()[-1] == "edge-of-range: the best lies at the upper end"


def test_a_folder_that_holds_nothing(tmp_path):
    """A folder without a table is no crash."""
    found = insights(SweepRecord(tmp_path))
    assert isinstance(found, Insights)
    assert good_ranges(SweepRecord(tmp_path)) == []
