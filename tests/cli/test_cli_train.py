"""`trainlab train`: outcomes, exit codes, resuming, and how it ends when it is told to."""

import json
import os
import re
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from trainlab.cli._progress import Quiet
from trainlab.cli._stopping import stoppable
from trainlab.cli._summary import as_text, following
from trainlab.diagnose.finding import Finding
from trainlab.engine.compiled.library import load
from trainlab.training.callbacks import RunResult

ENDLESS = ("train.epochs=1000000", "monitors.off=[loss-not-decreasing, overfitting]")


def scrubbed(text: str) -> str:
    """The text with every number of a measurement or a time as N."""
    return re.sub(r"\d+\.\d+(e-\d+)?|\d+e-\d+", "N", text)


def test_a_finished_run(cli, folder):
    """A run tells its epochs line by line on stderr, and its outcome with the next command on stdout."""
    got = cli("train", "moons.yaml")
    assert got.exit_code == 0
    assert scrubbed(got.stderr).splitlines()[:3] == [
        "moons-1: starting; 700 training, 150 validation, 150 test rows; 82 parameters; 3 epochs of 11 steps",
        "skipped before training: cannot-overfit, gradient-mismatch (run `trainlab check runs/moons-1/config.yaml`)",
        "best epoch: by val_accuracy, because it is the score of a classification",
    ]
    assert scrubbed(got.stderr).splitlines()[3] == "epoch 0/3  loss N  acc N  val_loss N  val_acc N  lr N  Ns"
    assert [line.split()[1] for line in got.stderr.splitlines()[3:]] == ["0/3", "1/3", "2/3", "3/3"]
    assert scrubbed(got.stdout).replace("/", os.sep).splitlines() == [
        "finished after 3 epochs in N s",
        "  folder  runs/moons-1",
        "  best    val_accuracy N at epoch 3",
        "  test    loss N  accuracy N",
        "",
        "no problems found",
        "",
        "next: trainlab report runs/moons-1",
    ]
    assert (folder / "runs" / "moons-1" / "config.yaml").exists()


def test_the_next_command_is_whole(cli):
    """What is to be typed next keeps the name and the folder that were given."""
    got = cli("train", "moons.yaml", "optimizer={name: sgd, lr: 1e30}", "--name", "mine", "--runs", "here")
    last = got.stdout.splitlines()[-1]
    assert last.startswith("next: trainlab train moons.yaml --runs here --name mine ")


def test_what_was_left_out(cli):
    """A run says what it did not try before its first step, with a command that does; that command works."""
    line = cli("train", "moons.yaml", "train.epochs=1").stderr.splitlines()[1]
    assert line.startswith("skipped before training: cannot-overfit, gradient-mismatch (run `trainlab check runs")
    command = line.partition("`trainlab ")[2].partition("`")[0]
    assert cli(*command.split()).exit_code == 0


def test_quiet(cli):
    """--quiet prints the folder and nothing else."""
    got = cli("train", "moons.yaml", "--quiet", "--name", "still", "--runs", "here")
    assert (got.exit_code, got.stdout, got.stderr) == (0, f"{Path('here/still-1')}\n", "")


def test_json(cli):
    """--json prints the outcome as data."""
    got = json.loads(cli("train", "moons.yaml", "train.epochs=1", "--json").stdout)
    assert list(got) == ["folder", "state", "exit_code", "epoch", "step", "seconds", "best", "test", "diagnoses"]
    assert (got["state"], got["exit_code"], got["epoch"], got["step"]) == ("finished", 0, 1, 11)
    assert got["best"]["metric"] == "val_accuracy"
    assert sorted(got["test"]) == ["accuracy", "loss"]


def test_into_a_given_folder(cli, folder):
    """--into trains in exactly this folder, once."""
    (folder / "trial").mkdir()
    assert cli("train", "moons.yaml", "--into", "trial", "-q").stdout == "trial\n"
    assert (folder / "trial" / "metrics.csv").exists()
    got = cli("train", "moons.yaml", "--into", "trial")
    assert (got.exit_code, got.stderr.count("there is a run in this folder already")) == (2, 1)


def test_a_diverged_run(cli):
    """A run whose numbers blow up exits with 3; the next command is the first suggested patch."""
    got = cli("train", "moons.yaml", "optimizer={name: sgd, lr: 1e30}", "--fail-on", "info")
    assert got.exit_code == 3
    assert got.stdout.startswith("diverged after 0 epochs in ")
    assert "\nerror diverged (epoch 0, step " in got.stdout
    assert "\n  try optimizer.lr=" in got.stdout
    assert "\nnext: trainlab train moons.yaml 'optimizer={name: sgd, lr: 1e30}' " in got.stdout
    assert "\nerror diverged (epoch 0): " in got.stderr


@pytest.mark.parametrize(("level", "code"), [("never", 0), ("info", 4), ("warning", 4), ("error", 0)])
def test_fail_on(cli, level, code):
    """--fail-on exits with 4 if something of this severity or a worse one was found."""
    got = cli("train", "moons.yaml", "optimizer.lr=1e-5", "train.epochs=10", "--json", "--fail-on", level)
    data = json.loads(got.stdout)
    assert {d["severity"] for d in data["diagnoses"]} == {"warning"}
    assert (got.exit_code, data["exit_code"]) == (code, code)


def test_a_wrong_config(cli):
    """A wrong config is answered with all its problems; with --json as data, on stdout; exit code 2."""
    got = cli("train", "moons.yaml", "optimzer.lr=3", "train.epochs=many")
    assert (got.exit_code, got.stdout) == (2, "")
    assert 'command line: "optimzer.lr=3":1:1: optimzer: unknown key; did you mean `optimizer`?\n' in got.stderr
    assert got.stderr.endswith("\n2 problems\n")
    got = cli("train", "moons.yaml", "optimzer.lr=3", "train.epochs=many", "--json")
    assert (got.exit_code, got.stderr) == (2, "")
    assert sorted(p["path"] for p in json.loads(got.stdout)["problems"]) == ["optimzer", "train.epochs"]


@pytest.mark.parametrize(
    ("args", "want"),
    [
        (
            ["optimizer.lr=1"],
            "optimizer.lr=1: --resume keeps the run's own config; only train.epochs=N may be added, to",
        ),
        (["train.epochs=x"], "train.epochs=x: expected a number of epochs, for example train.epochs=60"),
        (["--name", "n"], "--resume continues in the run's own folder: leave out --name"),
        ([], "this run has finished (3 epochs); to train it further say how far: train.epochs=6"),
    ],
)
def test_resume_refuses(cli, trained, args, want):
    """A run goes on with its own config, and only if there is something left to do."""
    got = cli("train", "--resume", "moons-1", *args)
    assert (got.exit_code, got.stdout) == (2, "")
    assert want in got.stderr


def test_resume_trains_further(cli, trained):
    """A finished run is trained further, in its own folder, when it is told how far."""
    got = cli("train", "--resume", "moons-1", "train.epochs=5")
    assert got.exit_code == 0
    assert got.stderr.startswith("moons-1: resuming after step 33; ")
    epochs = [line.split()[1] for line in got.stderr.splitlines() if line.startswith("epoch ")]
    assert epochs == ["4/5", "5/5"]
    assert got.stdout.endswith(f"\nnext: trainlab report {Path('runs/moons-1')}\n")


@pytest.mark.skipif(load() is None, reason="no compiled kernels here")
def test_resume_on_another_backend(cli, trained):
    """A run goes on on the backend that is named, says so each time, and `auto` keeps it on the one it began on."""
    got = cli("train", "--resume", "moons-1", "train.epochs=4", "train.engine=numpy")
    assert (got.exit_code, "; the run began on compiled" in got.stderr) == (0, True)
    assert "here it is numpy: its last bits will not be those of a run in one piece." in got.stderr
    assert "engine: numpy" in (trained / "config.yaml").read_text()
    assert json.loads((trained / "environment.json").read_text())["resumed_engine"]["name"] == "numpy"
    assert "here it is numpy" in cli("train", "--resume", "moons-1", "train.epochs=5").stderr
    assert "here it is" not in cli("train", "moons.yaml", "--resume", "moons-1", "train.epochs=6").stderr
    wrong = cli("train", "--resume", "moons-1", "train.epochs=7", "train.dtype=float64")
    assert (wrong.exit_code, "the config differs from this run's own in train.dtype" in wrong.stderr) == (2, True)


def test_resume_of_no_run(cli, trained):
    """A name that is no run is answered with the nearest one."""
    got = cli("train", "--resume", "mons-1")
    assert (got.exit_code, got.stderr) == (2, "no run `mons-1` in runs; did you mean `moons-1`?\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_run_that_can_be_resumed(cli, started, folder, number):
    """Ctrl-C and SIGTERM finish the step, save, and exit with 130; the run can be resumed."""
    command, env = started
    child = subprocess.Popen(
        [*command, "train", "moons.yaml", *ENDLESS], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    metrics = folder / "runs" / "moons-1" / "metrics.csv"
    deadline = time.monotonic() + 20
    while not (metrics.exists() and metrics.read_text().count("\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(number)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert out.startswith("interrupted after ")
    assert out.endswith(f"\nnext: trainlab train --resume {Path('runs/moons-1')}\n")
    assert "\nstopping after this step; a second " in err
    status = json.loads((folder / "runs" / "moons-1" / "status.json").read_text())
    assert (status["state"], status["exit_code"]) == ("interrupted", 130)
    got = cli("train", "--resume", "moons-1", f"train.epochs={status['epoch'] + 2}", "-q")
    assert got.exit_code == 0


def test_the_first_signal_asks_and_the_second_insists(capsys):
    """While a run goes on the first Ctrl-C sets `stop`, the next raises; before it goes on the first one raises."""
    watcher = Quiet()
    before = signal.getsignal(signal.SIGINT)
    with stoppable(watcher), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    watcher.running = True
    with stoppable(watcher):
        signal.raise_signal(signal.SIGINT)
        assert watcher.stop_reason == "stopped by Ctrl-C"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err == "stopping after this step; a second Ctrl-C stops immediately\n"


def test_an_ignored_signal_stays_ignored():
    """Under nohup and in the background of a script Ctrl-C is ignored, and stays so."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        watcher = Quiet()
        watcher.running = True
        with stoppable(watcher):
            signal.raise_signal(signal.SIGINT)
        assert not watcher.stop_reason
    finally:
        signal.signal(signal.SIGINT, before)


def diagnosis(code: str, severity, layer: str | None = None, **more) -> Finding:
    """A finding of epoch 2."""
    return Finding(code, severity, f"{code} it is.", f"Cure {code}.", 2, 40, layer, **more)


def outcome(state: str, *diagnoses: Finding) -> RunResult:
    """A run in runs/a-1 that ended so."""
    best = {"metric": "val_r2", "value": 0.91234, "epoch": 2}
    return RunResult(Path("runs/a-1"), state, 3, 60, 1.25, best, {"loss": 0.5, "r2": 0.9}, diagnoses)


def test_the_summary():
    """The worst comes first, a code in many layers is shown once, and the first suggested patch is the next command."""
    found = outcome(
        "finished",
        diagnosis("noisy-loss", "info"),
        diagnosis("dead-relu", "warning", "relu1", patches=({"optimizer.lr": 0.001, "model.activation": "elu"},)),
        diagnosis("dead-relu", "warning", "relu2"),
        diagnosis("lr-too-high", "error", because=("bad-data@step 1",), patches=({"model.hidden": [8, 4]},)),
    )
    want = """\
finished after 3 epochs in 1.2 s
  val_loss did not improve
  folder  runs/a-1
  best    val_r2 0.9123 at epoch 2
  test    loss 0.5  r2 0.9

error lr-too-high (epoch 2, step 40)
  lr-too-high it is.
  because of bad-data@step 1
  Cure lr-too-high.
  try 'model.hidden=[8, 4]'
warning dead-relu (epoch 2, step 40, 2 times)
  dead-relu it is.
  in relu1, relu2
  Cure dead-relu.
  try optimizer.lr=0.001 model.activation=elu
info noisy-loss (epoch 2, step 40)
  noisy-loss it is.
  Cure noisy-loss.

next: trainlab train a.yaml seed=1 'model.hidden=[8, 4]'"""
    got = as_text(replace(found, reason="val_loss did not improve"), ["a.yaml", "model.hidden=[9]", "seed=1"])
    assert got.replace(os.sep, "/") == want


@pytest.mark.parametrize(
    ("found", "want"),
    [
        (outcome("interrupted"), "trainlab train --resume runs/a-1"),
        (outcome("finished"), "trainlab report runs/a-1"),
        (outcome("finished", diagnosis("x", "info", patches=({"seed": 1},))), "trainlab report runs/a-1"),
        (outcome("finished", diagnosis("x", "error")), "trainlab report runs/a-1"),
    ],
)
def test_what_comes_next(found, want):
    """An interrupted run is resumed, a healthy one looked at; advice alone is no command."""
    assert following(found, ["a.yaml"]).replace(os.sep, "/") == want
