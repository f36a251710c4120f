"""The table over runs: what it tells, in which order, how it fits, and how it takes damaged folders."""

import csv
import io
import json
import unicodedata

import pytest
from run_folders import OVERFITTING, PLATEAU, make_run

from trainlab.core.errors import UserError
from trainlab.report.compare import differing, short_names, shown
from trainlab.report.export import as_csv, as_data
from trainlab.report.rows import gather, row_of, sorted_rows
from trainlab.report.select import selected
from trainlab.report.table import render_table
from trainlab.report.text import folded
from trainlab.store.folder import RunFolder


def names(records):
    return [record.name for record in records]


@pytest.fixture
def runs(tmp_path):
    """Three runs that differ in lr and units, made on three days; the middle one is sick."""
    folder = tmp_path / "runs"
    layers = [{"name": "dense", "units": 32}, {"name": "relu"}]
    make_run(folder, "a", day=1, config={"optimizer": {"name": "adam", "lr": 0.01}, "model": {"layers": layers}})
    make_run(
        folder,
        "b",
        day=2,
        losses=(2.0, 0.4, 0.9),
        scores=(0.1, 0.8, 0.7),
        findings=[PLATEAU, OVERFITTING, PLATEAU],
        config={"optimizer": {"name": "adam", "lr": 0.001}, "model": {"layers": layers}},
        test={"loss": 0.5, "accuracy": 0.8125},
    )
    layers = [{"name": "dense", "units": 64}, {"name": "relu"}]
    make_run(
        folder,
        "c",
        day=3,
        losses=(float("nan"),),
        scores=(0.05,),
        state="diverged",
        config={"optimizer": {"name": "sgd", "lr": 0.01}, "model": {"layers": layers}},
        test={},
    )
    return folder


def test_the_whole_table(runs):
    """Name, time, status, epochs, best, last, test, duration and diagnoses stand in aligned columns."""
    rows = [row_of(r) for r in gather([], runs)]
    assert render_table(rows) == [
        "best and last: val_accuracy | test: accuracy",
        "name  when              status    epochs  best  last    test        time  findings",
        "a-1   2026-11-01 14:03  finished       2  0.75  0.75  0.9375  1 min 15 s",
        "b-1   2026-11-02 14:03  finished       2   0.8   0.7  0.8125  1 min 15 s"
        "  overfitting (warning), plateau (info)",
        "c-1   2026-11-03 14:03  diverged       0  0.05  0.05          1 min 15 s",
    ]


def test_damaged_folders_are_rows(runs):
    """Empty, half-written and unreadable folders are rows that say so, and why stands below."""
    RunFolder.create(runs, "empty")
    make_run(runs, "x").status.write_text("{")
    make_run(runs, "y").metrics.write_text("epoch,val_accuracy\n1\n")
    make_run(runs, "z", state="running").status.unlink()
    lines = render_table([row_of(r) for r in gather(["empty-1", "x-1", "y-1", "z-1"], runs)], width=60)
    assert sorted(" ".join(line.split()[:2]) for line in lines[2:6]) == [
        "empty-1 half-written", "x-1 unreadable", "y-1 finished", "z-1 half-written"]  # fmt: skip
    assert sorted(lines[7:]) == [
        "empty-1: no status.json",
        "x-1: status.json: not JSON: wrong at line 1, column 2",
        "y-1: metrics.csv: 1 cells in the last row, but the header has 2",
        "z-1: no status.json",
    ]


@pytest.mark.parametrize("width", [*range(1, 120)])
def test_it_fits_any_width(runs, width):
    """No line of the table is wider than the terminal, whatever the names; the name stays to the last."""
    make_run(runs, "ein-sehr-langer-name-mit-学习学习学习", findings=[OVERFITTING, PLATEAU])
    rows = [row_of(r) for r in gather([], runs)]
    for ascii_only in (False, True):
        lines = render_table(rows, width=width, ascii_only=ascii_only)
        wide = [len(line) + sum(unicodedata.east_asian_width(c) in "WF" for c in line) for line in lines]
        assert max(wide) <= width
        assert sum(line[:3] in ("a-1", "b-1", "c-1") for line in lines) == (3 if width >= 3 else 0)
        assert not ascii_only or "".join(lines).isascii()


def test_columns_go_in_order(runs):
    """First the time goes, then the date, the last value, the epochs, the diagnoses; scores and status stay long."""
    rows = [row_of(r) for r in gather([], runs)]

    def header(width):
        return next(line for line in render_table(rows, width=width) if line.startswith("name")).split()

    assert header(120) == ["name", "when", "status", "epochs", "best", "last", "test", "time", "findings"]
    assert header(90) == ["name", "when", "status", "epochs", "best", "last", "test", "findings"]
    assert header(80) == ["name", "status", "epochs", "best", "last", "test", "findings"]
    assert header(60) == ["name", "status", "epochs", "best", "test", "findings"]
    assert header(50) == ["name", "status", "best", "test", "findings"]
    assert header(40) == ["name", "status", "best", "test"]
    assert header(24) == ["name", "status", "best"]
    assert header(10) == ["name"]


def test_colors_only_where_wanted(runs):
    """Without color there is no escape sequence; with it the text is the same."""
    import re

    rows = [row_of(r) for r in gather([], runs)]
    plain, colored = render_table(rows), render_table(rows, color=True)
    assert "\x1b" not in "".join(plain)
    assert "\x1b[31mdiverged\x1b[0m" in "".join(colored)
    assert [re.sub(r"\x1b\[\d+m", "", line).rstrip() for line in colored] == plain


def test_escape_sequences_are_made_visible(tmp_path):
    """What a folder's name or a finding would do to the terminal is shown instead of done."""
    evil = tmp_path / "runs" / "evil\x1b[2J\u202e-1"
    make_run(tmp_path / "runs", into=evil, findings=[{"code": "a\x1b]0;b\x07", "severity": "warning"}])
    text = "\n".join(render_table([row_of(r) for r in gather([], tmp_path / "runs")]))
    assert "evil\\x1b[2J\\u202e-1" in text
    assert "a\\x1b]0;b\\x07 (warning)" in text
    assert all(c == "\n" or c.isprintable() for c in text)


@pytest.mark.parametrize(
    ("key", "want"),
    [
        ("val_accuracy", ["b-1", "a-1", "c-1"]),
        ("val_loss", ["b-1", "a-1", "c-1"]),
        ("test_accuracy", ["a-1", "b-1", "c-1"]),
        ("test.loss", ["a-1", "b-1", "c-1"]),
        ("name", ["a-1", "b-1", "c-1"]),
        ("status", ["c-1", "a-1", "b-1"]),
        ("epoch", ["c-1", "a-1", "b-1"]),
        ("started", ["a-1", "b-1", "c-1"]),
    ],
)
def test_sorting(runs, key, want):
    """By a metric the best comes first, whichever way it gets better, and what is missing or nan comes last."""
    assert [row.name for _, row in sorted_rows(gather([], runs), key)] == want


def test_sorting_shows_the_metric(runs):
    """A table sorted by another metric shows that metric's best and last values."""
    rows = [row for _, row in sorted_rows(gather([], runs), "val_loss")]
    assert [(row.metric, row.best, row.best_epoch, row.last) for row in rows[:2]] == [
        ("val_loss", 0.4, 1, 0.9),
        ("val_loss", 0.5, 2, 0.5),
    ]


def test_sorting_by_what_no_run_has(runs):
    """An unknown metric is answered with the nearest one, or with all."""
    with pytest.raises(UserError) as caught:
        sorted_rows(gather([], runs), "val_acuracy")
    assert str(caught.value) == "--sort val_acuracy: no run has it; did you mean `val_accuracy`?"
    with pytest.raises(UserError) as caught:
        sorted_rows(gather([], runs), "beauty")
    assert str(caught.value) == (
        "--sort beauty: no run has it; choose one of epoch, grad_norm, lr, name, reg_loss, seconds, started, status, "
        "test_accuracy, test_loss, train_accuracy, train_loss, update_ratio, val_accuracy, val_loss"
    )


@pytest.mark.parametrize(
    ("rules", "want"),
    [
        (["optimizer.lr=1e-2"], ["a-1", "c-1"]),
        (["optimizer.lr<0.01"], ["b-1"]),
        (["optimizer.lr >= 1e-3", "optimizer=adam"], ["a-1", "b-1"]),
        (["optimizer.name!=adam"], ["c-1"]),
        (["model.layers.0.units=64"], ["c-1"]),
        (["model.layers.7.units=64", "name=a"], "--where model.layers.7.units=64: no run has `model.layers.7.units`; "
         "did you mean `model.layers.0.units`?"),
        (["status=finished"], ["a-1", "b-1"]),
        (["state=diverged"], ["c-1"]),
        (["diagnosis=overfitting"], ["b-1"]),
        (["diagnosis=none"], ["a-1", "c-1"]),
        (["diagnosis!=none"], ["b-1"]),
        (["val_accuracy>0.7"], ["a-1", "b-1"]),
        (["val_loss<0.45"], ["b-1"]),
        (["test_accuracy<0.9"], ["b-1"]),
        (["epoch<2"], ["c-1"]),
        (["name=a"], ["a-1"]),
        (["name=a-1"], ["a-1"]),
        (["started>2026-11-02"], ["b-1", "c-1"]),
        (["seed=false"], []),
        (["seed=0"], ["a-1", "b-1", "c-1"]),
        (["optimizer.lr=fast"], []),
        (["optimizer.rl=1"], "--where optimizer.rl=1: no run has `optimizer.rl`; did you mean `optimizer.lr`?"),
        (["optimizer"], "--where optimizer: expected KEY=VALUE, or KEY with one of != < > <= >="),
    ],
)  # fmt: skip
def test_where(runs, rules, want):
    """Runs are chosen by config keys, status, metrics and diagnoses; a key that no run knows is an error."""
    records = gather([], runs)
    if isinstance(want, str):
        with pytest.raises(UserError) as caught:
            selected(records, rules)
        assert str(caught.value) == want
    else:
        assert names(selected(records, rules)) == want


def test_compare(runs):
    """Only keys whose values differ are shown, in the config's order, by their shortest clear names."""
    keys = differing(gather([], runs))
    assert keys == {
        "name": ["a", "b", "c"],
        "optimizer.name": ["adam", "adam", "sgd"],
        "optimizer.lr": [0.01, 0.001, 0.01],
        "model.layers.0.units": [32, 32, 64],
    }
    assert short_names(list(keys)) == ["name", "optimizer.name", "lr", "units"]
    assert [shown(v) for v in (None, 1e-5, [64, 32], "a b", True, 3)] == ["-", "1e-05", "[64, 32]", "a b", "true", "3"]


def test_compare_with_a_missing_key(tmp_path):
    """A key that only some runs have differs; a run without a readable config differs in nothing."""
    make_run(tmp_path, "a", config={"extra": 1, "flag": True})
    make_run(tmp_path, "a", config={"flag": 1})
    make_run(tmp_path, "a").config.unlink()
    assert differing(gather([], tmp_path)) == {"extra": [1, None, None], "flag": [True, 1, None]}


def test_what_users_copy_is_not_wrapped():
    """A command is never broken: `next:` has a line of its own where the whole line is too long."""
    text = "wrote runs/digits-1/decision.json; next: trainlab evaluate runs/digits-1"
    assert folded(text, 40) == "wrote runs/digits-1/decision.json\nnext: trainlab evaluate runs/digits-1"
    assert folded(text, 80) == text
    assert folded("  try optimizer.lr=0.001 model.hidden=[64]", 20) == "  try optimizer.lr=0.001 model.hidden=[64]"


def test_compare_in_the_table(runs):
    """The differing keys stand beside the scores; those without room are named below."""
    rows = [row_of(r) for r in gather([], runs)]
    extra = {"lr": ["0.01", "0.001", "0.01"], "units": ["32", "32", "64"]}
    lines = render_table(rows, width=52, extra=extra)
    assert lines[1].split() == ["name", "status", "best", "test", "lr", "units"]
    assert render_table(rows, width=36, extra=extra)[1:] == [
        "name  status    best    test  lr",
        "a-1   finished  0.75  0.9375  0.01",
        "b-1   finished   0.8  0.8125  0.001",
        "c-1   diverged  0.05          0.01",
        "",
        "no room for: units (--csv and --html",
        "  show all)",
    ]
    assert render_table(rows, extra=extra)[1].split()[-3:] == ["lr", "units", "findings"]


def test_csv(runs):
    """The CSV has all values in full, a column for each test metric and each differing key."""
    records = gather([], runs)
    keys = differing(records)
    table = list(csv.DictReader(io.StringIO(as_csv([row_of(r) for r in records], keys))))
    del table[1]["name"]  # twice there: the run's, and the config's among the differing keys
    assert table[1] == {
        "path": str(runs / "b-1"),
        "started": "2026-11-02T14:03:09.120+01:00",
        "status": "finished",
        "epoch": "2",
        "epochs": "2",
        "metric": "val_accuracy",
        "best": "0.8",
        "best_epoch": "1",
        "last": "0.7",
        "test_loss": "0.5",
        "test_accuracy": "0.8125",
        "seconds": "75.0",
        "diagnoses": "overfitting (warning), plateau (info)",
        "problem": "",
        "optimizer.name": "adam",
        "optimizer.lr": "0.001",
        "model.layers.0.units": "32",
    }
    assert table[2]["test_loss"] == ""


def test_json(runs):
    """The JSON has every finding whole, and the differing keys under `config`."""
    records = gather([], runs)
    data = as_data([row_of(r) for r in records], differing(records))
    json.dumps(data)
    assert data[1]["findings"] == [PLATEAU, OVERFITTING, PLATEAU]
    assert data[1]["config"]["optimizer.lr"] == 0.001
    assert "config" not in as_data([row_of(records[0])], {})[0]


def test_what_names_stand_for(runs, tmp_path, monkeypatch):
    """A run is named by its folder, its path or its sweep; each is listed once, oldest first."""
    sweep = runs / "s-sweep-1"
    make_run(runs, into=sweep / "trials" / "0001", day=9)
    make_run(runs, into=sweep / "trials" / "0000", day=8)
    (sweep / "trials.csv").write_text("")
    trials = ["s-sweep-1/trials/0000", "s-sweep-1/trials/0001"]
    assert names(gather([], runs)) == ["a-1", "b-1", "c-1", *trials]
    assert names(gather(["s-sweep-1"], runs)) == trials
    assert names(gather(["s-sweep-1/trials/0001", "b-1", "b-1"], runs)) == ["b-1", trials[1]]
    assert names(gather([str(runs)], tmp_path / "other")) == ["a-1", "b-1", "c-1", "0000", "0001"]
    monkeypatch.chdir(tmp_path)
    assert names(gather(["runs/c-1"], runs)) == ["c-1"]
    with pytest.raises(UserError) as caught:
        gather(["d-1"], runs)
    assert str(caught.value) == f"no run `d-1` in {runs}; it holds a-1, b-1, c-1"
    with pytest.raises(UserError) as caught:
        gather([], tmp_path / "none")
    assert str(caught.value) == (
        f"{tmp_path}/none: there is no such folder of runs; `trainlab train` makes one, --runs names another"
    )
