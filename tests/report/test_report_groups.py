"""Runs as groups: which belong together, their mean and interval, the order, the table."""

import csv
import io

import pytest
from run_folders import OVERFITTING, make_run
from test_report_command import trainlab

from trainlab.core.errors import UserError
from trainlab.report.groups import Spread, group_table, grouped
from trainlab.report.rows import gather


@pytest.fixture
def runs(tmp_path):
    """Two settings with three seeds each, one of which diverged."""
    for seed, (low, high) in enumerate([(0.7, 0.80), (0.8, 0.84), (0.9, 0.82)]):
        for name, lr, score in (("low", 0.001, low), ("high", 0.01, high)):
            make_run(
                tmp_path,
                name,
                scores=(0.1, 0.2, score),
                config={"seed": seed, "optimizer": {"lr": lr}},
                state="diverged" if (name, seed) == ("high", 2) else "finished",
                findings=[OVERFITTING] if name == "low" else [],
                test={"loss": 0.5, "accuracy": score},
            )
    return tmp_path


def test_spread():
    """Mean and half of the 95 % interval are those of Student's t: by hand, t(2) is 4.302653."""
    spread = Spread.of([0.7, 0.8, 0.9])
    assert (spread.count, spread.mean) == (3, pytest.approx(0.8))
    assert spread.half == pytest.approx(4.302653 * 0.1 / 3**0.5, rel=1e-6)
    assert Spread.of([0.5]) == Spread(1, 0.5, None)
    assert Spread.of([]) is None
    assert (spread.text(), spread.text(ascii_only=True), Spread.of([0.5]).text()) == (
        "0.8 ± 0.25",
        "0.8 +- 0.25",
        "0.5",
    )


def test_groups(runs):
    """Runs with one value of a key are a group, the best first; the score of a diverged run does not count."""
    high, low = grouped(gather([], runs), ["optimizer.lr"])
    assert (high.values, [row.name for row in high.rows]) == ({"optimizer.lr": 0.01}, ["high-1", "high-2", "high-3"])
    assert (high.best.count, high.best.mean) == (2, pytest.approx(0.82))
    assert (low.best.count, low.best.mean, low.codes) == (3, pytest.approx(0.8), {"overfitting": 3})


def test_all_settings_but_the_seed(runs):
    """`config` makes a group of the runs that differ in nothing but seed and name."""
    groups = grouped(gather([], runs), ["config"])
    assert [list(group.values) for group in groups] == [["optimizer.lr"], ["optimizer.lr"]]
    assert [len(group.rows) for group in groups] == [3, 3]


def test_other_metrics_and_keys(runs):
    """Groups are ranked by the metric that is asked for; status is a key, too, and an unknown key is an error."""
    groups = grouped(gather([], runs), ["optimizer.lr"], "val_loss")
    assert [(group.metric, group.best.mean) for group in groups] == [("val_loss", 0.5), ("val_loss", 0.5)]
    assert [group.values for group in grouped(gather([], runs), ["optimizer.lr"], "test_accuracy")] == [
        {"optimizer.lr": 0.01},
        {"optimizer.lr": 0.001},
    ]
    assert {len(group.rows) for group in grouped(gather([], runs), ["status"])} == {1, 5}
    with pytest.raises(UserError) as caught:
        grouped(gather([], runs), ["optimizer.rl"])
    assert str(caught.value) == "--group-by optimizer.rl: no run has it; did you mean `optimizer.lr`?"


def test_table(runs):
    """The table shows key, runs, mean with interval and codes, and drops columns where there is little room."""
    groups = grouped(gather([], runs), ["optimizer.lr"])
    assert group_table(groups) == [
        "best: val_accuracy | test: accuracy | mean ± half of the 95 % interval over the runs of a group",
        "lr       runs         best         test  findings",
        "0.01   2 of 3  0.82 ± 0.25  0.82 ± 0.25",
        "0.001       3   0.8 ± 0.25   0.8 ± 0.25  overfitting in 3",
    ]
    narrow = group_table(groups, width=24, ascii_only=True)
    assert max(map(len, narrow)) <= 24
    assert narrow[-1].split() == ["0.001", "0.8", "+-", "0.25"]


def test_the_command(runs):
    """--group-by works as text, CSV, JSON and Markdown."""
    code, out, err = trainlab("--runs", runs, "--group-by", "optimizer.lr")
    assert (code, err, out.splitlines()[-1].split()[:2]) == (0, "", ["0.001", "3"])
    code, out, _ = trainlab("--runs", runs, "--group-by", "optimizer.lr", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["best_count"] for row in rows] == ["2", "3"]
    assert rows[0]["runs"] == "high-1 high-2 high-3"
    assert '"half_interval"' in trainlab("--runs", runs, "--group-by", "config", "--json")[1]
    assert "| `0.01` | 3 | `val_accuracy` 0.82" in trainlab("--runs", runs, "--group-by", "config", "--markdown")[1]
