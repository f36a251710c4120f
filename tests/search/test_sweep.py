"""A sweep: the same table for any number of workers, trials that die alone, and a resume that repeats nothing."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_sweep import sweep
from typer.testing import CliRunner

from trainlab.cli.main import build
from trainlab.core.errors import UserError
from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors.job import ExitStatus
from trainlab.search.executors.local import LocalExecutor
from trainlab.search.experiment import read
from trainlab.search.space import SearchSpace
from trainlab.search.summary import summarize
from trainlab.search.sweep import resume, start
from trainlab.search.table import Row
from trainlab.store.process import birth
from trainlab.store.status import read_status, write_status

CONFIG = sweep(3, optimizer_lr="{choice: [0.01, 0.001, 1.0e+9]}", train_batch_size="{int: [8, 32]}")
DIES = """\
import os, signal, sys

def die(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, os.PathLike)) or not arguments[2] & os.O_APPEND:
        return
    path = os.fspath(arguments[0])
    if path.endswith("0001/metrics.csv"):
        os.kill(os.getpid(), signal.SIGKILL)
    if path.endswith("0002/metrics.csv"):
        print("first words\\nlast words", file=sys.stderr, flush=True)
        os._exit(7)

sys.addaudithook(die)
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "tiny.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def undisturbed(config):
    """The sweep as it should be, by one worker."""
    return start(read(config), runs=config.parent / "runs", workers=1)


def table(folder: Path) -> list[dict[str, str]]:
    """The rows of trials.csv without the column of times."""
    with (folder / "trials.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


class Listener(SweepCallback):
    """Keeps which trials began, and whether trials.csv held each row when it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.info = None
        self.trials: list[int] = []
        self.written: list[bool] = []

    def on_sweep_begin(self, info) -> None:
        """Keep it."""
        self.info = info

    def on_trial_begin(self, trial) -> None:
        """Keep the number."""
        self.trials.append(trial.number)

    def on_trial_end(self, row) -> None:
        """Look whether the row is there."""
        rows = table(self.info.folder)
        numbers = [int(r["trial"]) for r in rows]
        self.written.append(row.trial in numbers and numbers == sorted(numbers))


def test_the_folder_tells_everything(undisturbed):
    """A row and a run folder per trial, the sweep's config, and the best trial's, which is no diverged one."""
    folder = undisturbed.folder
    assert folder.name == "tiny-sweep-1"
    assert sorted(p.name for p in folder.iterdir()) == ["best.yaml", "sweep.yaml", "trials", "trials.csv"]
    rows = table(folder)
    assert list(rows[0]) == [
        "trial", "status", "optimizer.lr", "train.batch_size", "val_loss", "best_epoch", "epochs", "diagnoses", "reason"
    ]  # fmt: skip
    assert [row["trial"] for row in rows] == ["1", "2", "3"]
    assert {"finished", "diverged"} == {row["status"] for row in rows}
    for row in rows:
        run = folder / "trials" / f"000{row['trial']}"
        assert json.loads((run / "status.json").read_text())["state"] == row["status"]
        assert not (run / "stderr.txt").exists()
        with (run / "metrics.csv").open(newline="") as file:
            losses = [float(r["val_loss"]) for r in csv.DictReader(file)][1:]
        if row["status"] == "finished":
            assert float(row["val_loss"]) == min(losses)
            assert row["best_epoch"] == str(1 + losses.index(min(losses)))
        else:
            assert "diverged" in row["diagnoses"]
            assert row["reason"]
    finished = [row for row in rows if row["status"] == "finished"]
    best = min(finished, key=lambda row: float(row["val_loss"]))
    assert undisturbed.best[0].trial == int(best["trial"])
    chosen = read(folder / "best.yaml").value
    assert str(chosen.optimizer.lr) == best["optimizer.lr"]
    trained = read(folder / "trials" / f"000{best['trial']}" / "config.yaml").value
    assert trained.monitors.stop_on == ["diverged", "error"]  # a bad trial is ended
    assert chosen == trained.model_copy(update={"monitors": chosen.monitors})


@pytest.mark.parametrize("fresh", [False, True])
def test_deaths_are_rows_and_a_resume_heals_them(config, undisturbed, tmp_path, monkeypatch, fresh):
    """A killed and a crashed trial are rows with their reasons, the third goes on; resumed, without what killed them,
    the sweep trains just these two and ends with the undisturbed table, though by two workers instead of one.
    """
    (tmp_path / "sitecustomize.py").write_text(DIES)
    watcher = Listener()
    with monkeypatch.context() as m:
        m.setenv("PYTHONPATH", str(tmp_path))
        summary = start(read(config), runs=tmp_path, workers=2, fresh=fresh, callback=watcher)
    rows, want = table(summary.folder), table(undisturbed.folder)
    assert [(r["status"], r["reason"]) for r in rows[:2]] == [
        ("failed", "killed by SIGKILL"),
        ("failed", "exit code 7: last words"),
    ]
    assert rows[2] == want[2]
    assert watcher.trials == [1, 2, 3]
    assert watcher.written == [True, True, True]
    again = Listener()
    healed = resume(summary.folder, workers=2, fresh=fresh, callback=again)
    assert again.trials == [1, 2]
    assert table(healed.folder) == want
    assert healed.exit_code == 0
    assert (healed.folder / "best.yaml").read_text().splitlines()[1:] == (
        (undisturbed.folder / "best.yaml").read_text().splitlines()[1:]
    )


def test_a_resume_repeats_nothing_and_refuses_another_config(undisturbed):
    """A finished sweep is read from its folders; fewer trials, or a changed space, are refused."""
    watcher = Listener()
    (undisturbed.folder / "trials.csv").write_text("torn")
    assert resume("tiny-sweep-1", runs=undisturbed.folder.parent, callback=watcher).counts == undisturbed.counts
    assert watcher.trials == []
    assert len(table(undisturbed.folder)) == 3
    with pytest.raises(UserError, match="this sweep has 3 trials; you can add trials, but not remove any"):
        resume(undisturbed.folder, trials=2)
    with pytest.raises(UserError, match=r"no sweep `other`: .* holds tiny-sweep-1"):
        resume("other", runs=undisturbed.folder.parent)
    saved = (undisturbed.folder / "sweep.yaml").read_text()
    (undisturbed.folder / "sweep.yaml").write_text(saved.replace("epochs: 2", "epochs: 3"))
    with pytest.raises(UserError, match=r"was trained with other settings than .*sweep.yaml gives it"):
        resume(undisturbed.folder)
    (undisturbed.folder / "sweep.yaml").write_text(saved)


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_changes(config, tmp_path):
    """A sweep that could not write its best.yaml at the end is not begun again."""
    folder = start(read(config), runs=tmp_path).folder
    (folder / "best.yaml").unlink()
    (folder / "best.yaml").mkdir()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    with pytest.raises(UserError, match=r"best\.yaml: is a folder"):
        resume(folder, trials=5)

    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(not birth(os.getpid()), reason="the system does not tell when it was started")
def test_after_a_power_cut_only_trials_in_the_table_are_trusted(config, undisturbed, tmp_path):
    """Short trials do not wait for the disk. Those whose rows are not in trials.csv are trained again if the machine
    was restarted since, because the disk may not have all of their files.
    """
    folder = start(read(config), runs=tmp_path).folder
    rows = (folder / "trials.csv").read_text().splitlines(keepends=True)
    (folder / "trials.csv").write_text("".join(rows[:-1]))
    for number in ("0002", "0003"):
        run = folder / "trials" / number
        status = read_status(run / "status.json")
        write_status(run / "status.json", replace(status, process="1@00000000"))
        (run / "diagnoses.jsonl").write_bytes(b"")
    watcher = Listener()
    resume(folder, callback=watcher)
    assert watcher.trials == [3]
    assert table(folder)[2] == table(undisturbed.folder)[2]


def test_stopped_once_it_ends_gently(config, tmp_path, monkeypatch):
    """After a polite kill the running trial has saved its state, its row says so, the exit code is 130, and a resume
    goes on from that state.
    """
    command = ["sweep", str(config), "train.epochs=100000", "sweep.space.optimizer.lr={choice: [0.001]}", "-w", "1"]
    child = subprocess.Popen(
        [sys.executable, "-m", "trainlab", *command], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    metrics = tmp_path / "runs/tiny-sweep-1/trials/0001/metrics.csv"
    deadline = time.monotonic() + 30
    while not (metrics.exists() and metrics.read_text().count("\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGTERM)
    out, _ = child.communicate(timeout=30)
    assert child.returncode == 130
    assert out.decode().endswith("\nnext: trainlab sweep --resume runs/tiny-sweep-1\n")
    (row,) = table(tmp_path / "runs/tiny-sweep-1")
    assert (row["status"], row["reason"]) == ("interrupted", "the sweep was stopped")
    assert (metrics.parent / "checkpoints/last.safetensors").exists()
    begun: list[tuple[str, bool]] = []

    def submit(_, job):
        begun.append((job.folder.name, job.resume))
        ended = Future()
        ended.set_result(ExitStatus(1))
        return ended

    monkeypatch.setattr(LocalExecutor, "submit", submit)
    resume(tmp_path / "runs/tiny-sweep-1")
    assert begun == [("0001", True), ("0002", False), ("0003", False)]


def test_dry_run_and_print_trials_train_nothing(config, tmp_path, monkeypatch):
    """Both tell what would be tried, and make no folder; a wrong space is told by exit code 2."""
    monkeypatch.chdir(tmp_path)

    def swept(*arguments: str):
        return CliRunner().invoke(build(), ["sweep", str(config), *arguments], catch_exceptions=False)

    assert swept("--dry-run", "--trials", "5").stdout == (
        "5 trials by random search over optimizer.lr, train.batch_size, compared by val_loss\n"
        "  folder  runs/tiny-sweep-N\n"
        "nothing was trained; --print-trials lists the trials\n"
    )
    assert [trial["trial"] for trial in json.loads(swept("--print-trials", "--json").stdout)] == [1, 2, 3]
    wrong = swept("sweep.space={optimizer.lrr: {log: [1, 2]}}", "--dry-run")
    assert wrong.exit_code == 2
    assert "sweep.space.optimizer.lrr: unknown key; did you mean `lr`?" in wrong.stderr
    none = swept("sweep=null")
    assert (none.exit_code, none.stdout) == (2, "")
    assert "there is no `sweep` block in this config; `trainlab new sweep` shows one" in none.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lrs", "want"),
    [
        (
            [0.98, 0.9, 0.8, 0.3, 0.7, 0.01, 0.02, 0.03],
            ["the best optimizer.lr, 0.98, lies at the upper end of its range; try {log: [0.01, 100.0]}"],
        ),
        ([0.98, 0.05, 0.01, 0.3, 0.02, 0.01, 0.02, 0.03], []),  # the best alone
        ([0.4, 0.9, 0.8, 0.3, 0.7, 0.01, 0.02, 0.03], []),  # not at the end
        ([0.98, 0.9, 0.8, 0.3, 0.7], []),  # too few to tell
    ],
)
def test_the_best_at_an_end_of_its_range_is_told(config, tmp_path, lrs, want):
    """Where the best and most of the top five lie at one end, the summary says which range to try next."""
    space = SearchSpace(read(config, ["sweep.space={optimizer.lr: {log: [1e-4, 1]}}"]))
    rows = [Row(n, "finished", {"optimizer.lr": lr}, score=float(n), epochs=2) for n, lr in enumerate(lrs, start=1)]
    assert [str(edge) for edge in summarize(tmp_path, space, rows, {}).edges] == want


def test_a_range_that_ends_where_its_setting_ends_is_left_alone(config, tmp_path):
    """Dropout cannot be less than 0: the best at 0 is no reason to try another range."""
    space = SearchSpace(read(config, ["sweep.space={model.dropout: {uniform: [0.0, 0.5]}}"]))
    rows = [Row(n, "finished", {"model.dropout": 0.001 * n}, score=float(n), epochs=2) for n in range(1, 10)]
    assert summarize(tmp_path, space, rows, {}).edges == []
