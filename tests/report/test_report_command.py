"""`trainlab report` from the command line: results to stdout, all else to stderr, fast over many runs."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from run_folders import OVERFITTING, make_run

from trainlab.training.experiment import read_plain
from trainlab.training.train import train


def trainlab(*arguments, **environment):
    """Runs the command line; (exit code, stdout, stderr)."""
    clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "trainlab", "report", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=clean | environment, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def runs(tmp_path):
    """Two runs, the second with a finding."""
    make_run(tmp_path, "a", day=1, config={"lr": 0.1})
    make_run(tmp_path, "b", day=2, config={"lr": 0.2}, scores=(0.1, 0.2, 0.3), findings=[OVERFITTING])
    return tmp_path


def test_table_and_options(runs):
    """The table goes to stdout, plain; sorting, choosing and comparing work together."""
    code, out, err = trainlab("--runs", runs, "--sort", "val_accuracy", "--where", "lr>0.05", "--compare")
    assert (code, err) == (0, "")
    assert out == (
        "best and last: val_accuracy | test: accuracy\n"
        "name  when              status    epochs  best  last    test        time  name  lr   findings\n"
        "a-1   2026-11-01 14:03  finished       2  0.75  0.75  0.9375  1 min 15 s  a     0.1\n"
        "b-1   2026-11-02 14:03  finished       2   0.3   0.3  0.9375  1 min 15 s  b     0.2  overfitting (warning)\n"
    )


def test_verify(tmp_path):
    """Whole runs, then one with a damaged file: exit code 4, and the file by name."""
    config = read_plain({"data": {"name": "iris"}, "train": {"epochs": 1}}, {})
    folder = train(config, runs=tmp_path).folder
    train(config, runs=tmp_path)
    code, out, err = trainlab("--runs", tmp_path, "--verify")
    assert (code, err) == (0, "")
    assert [line.rpartition(": ")[2] for line in out.splitlines()] == ["all files are whole"] * 2
    (folder / "environment.json").write_text("{")
    code, out, _ = trainlab(folder, "--verify")
    assert (code, out.splitlines()[0]) == (4, f"{folder}: 1 wrong")
    assert out.splitlines()[1].startswith("  environment.json: not JSON")
    code, out, _ = trainlab(folder, "--verify", "--json")
    assert (code, list(json.loads(out))) == (4, [str(folder)])


def test_one_run(runs):
    """One run is told in full, also where stdout knows ASCII only and 40 columns."""
    code, out, err = trainlab("b-1", "--runs", runs, COLUMNS="40", PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert out.startswith("b-1 finished after 2 epochs in 1 min 15\n")
    assert "\n  try model.dropout=0.3\n" in out
    assert max(map(len, out.splitlines())) <= 40
    assert out.isascii()


def test_notes_on_the_data(runs, tmp_path):
    """What a run guessed about its data is shown on the terminal, in Markdown and on the page, as text."""
    (runs / "a-1" / "data.json").write_text(json.dumps({"rows": {"train": 9}, "notes": ["column `id` <b>: left out"]}))
    assert "\ndata: column `id` <b>: left out\n" in trainlab("a-1", "--runs", runs)[1]
    assert "\n- column \\`id\\` \\<b\\>: left out\n" in trainlab("a-1", "--runs", runs, "--markdown")[1]
    trainlab("a-1", "--runs", runs, "--html", tmp_path / "page.html")
    assert "<li>column <code>id</code> &lt;b&gt;: left out</li>" in (tmp_path / "page.html").read_text()


def test_json_and_csv(runs, tmp_path):
    """--json and --csv - are data on stdout; --csv FILE says on stderr what it wrote."""
    code, out, err = trainlab("--runs", runs, "--json")
    assert (code, err) == (0, "")
    assert [row["name"] for row in json.loads(out)] == ["a-1", "b-1"]
    file = tmp_path / "out.csv"
    assert trainlab("--runs", runs, "--csv", file) == (0, "", f"wrote 2 rows to {file}\n")
    assert trainlab("--runs", runs, "--csv", "-") == (0, file.read_text(), "")
    code, out, err = trainlab("--runs", runs, "--csv", tmp_path / "none" / "out.csv")
    assert (code, out, err) == (2, "", f"{tmp_path}/none/out.csv: cannot write: No such file or directory\n")


def test_mistakes(runs, tmp_path):
    """A wrong run, metric or rule is a sentence on stderr and exit code 2; no runs at all is no mistake."""
    assert trainlab("a-2", "--runs", runs) == (2, "", f"no run `a-2` in {runs}; it holds a-1, b-1\n")
    assert trainlab("--runs", runs, "--sort", "val_los") == (
        2,
        "",
        "--sort val_los: no run has it; did you mean `val_loss`?\n",
    )
    (tmp_path / "empty").mkdir()
    assert trainlab("--runs", tmp_path / "empty") == (0, "", f"no runs in {tmp_path}/empty\n")
    assert trainlab("--runs", tmp_path / "empty", "--json") == (0, "[]\n", "")
    code, out, err = trainlab("--runs", tmp_path / "none", "--json")
    assert (code, err) == (2, "")
    assert json.loads(out)["error"].startswith(f"{tmp_path}/none: there is no such folder of runs")


def test_a_thousand_runs(tmp_path):
    """A thousand run folders give a thousand rows."""
    first = make_run(tmp_path, findings=[OVERFITTING])
    for i in range(2, 1001):
        shutil.copytree(first.path, tmp_path / f"digits-{i}")
    code, out, _ = trainlab("--runs", tmp_path)
    assert (code, len(out.splitlines())) == (0, 1002)
