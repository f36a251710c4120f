"""What is seen of a sweep while it goes on, at any width, with and without a terminal; and how it is stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminal import on_terminal, screen
from tiny_sweep import sweep

from trainlab.cli._sweep_progress import Lines, Standing, frame, reached
from trainlab.core.config import read_plain
from trainlab.search.callbacks import SweepInfo
from trainlab.search.experiment import SweepExperiment
from trainlab.search.space import Trial
from trainlab.search.table import Row

VALUES = {"optimizer.lr": 0.0123456, "model.hidden": [64, 32]}
CONFIG = sweep(4, optimizer_lr="{choice: [0.001, 0.002, 1.0e+9]}")


@pytest.fixture
def standing(tmp_path) -> Standing:
    """Six of ten trials have ended, two run, one waits."""
    s = Standing(SweepInfo("x-sweep-1", tmp_path, "val_accuracy", trials=10, workers=2), began=100.0)
    for number, score in enumerate((0.91, 0.955, 0.93, 0.9), start=1):
        s.take(Row(number, "finished", VALUES, score, number))
    s.take(Row(5, "failed", VALUES, reason="killed by SIGKILL"))
    s.take(Row(6, "diverged", VALUES, 0.99, 1))
    for number in (7, 8):
        s.running[number] = Trial(number, VALUES, read_plain(SweepExperiment, {"data": "moons"}, "test").value)
    s.waiting.add(9)
    run = tmp_path / "trials/0007"
    run.mkdir(parents=True)
    (run / "metrics.csv").write_text("epoch,val_accuracy\n0,0.1\n1,0.8\n")
    return s


def test_frame(standing):
    """How far and how long still, how trials ended, the three best, and what runs with what it has reached."""
    assert frame(standing, 79, 160.0) == [
        "trial 6/10 ━━━━━━━━━━━━━━━━━━━━━━━━──────────────── 0:40 left",
        "1 diverged  1 failed  4 finished  2 running  1 waiting",
        "trial           val_accuracy  epoch  lr       hidden",
        "2      best     0.955         2      0.01235  [64,32]",
        "3      2nd      0.93          3      0.01235  [64,32]",
        "1      3rd      0.91          1      0.01235  [64,32]",
        "7      running  0.8           1      0.01235  [64,32]",
        "8      running                       0.01235  [64,32]",
    ]


def test_narrow_plain_frame(standing):
    """At 40 columns of ASCII the sampled values are cut off first."""
    assert frame(standing, 39, 160.0, fancy=False)[:4] == [
        "trial 6/10 ###########------- 0:40 left",
        "1 diverged  1 failed  4 finished  2 ...",
        "trial           val_accuracy  epoch ...",
        "2      best     0.955         2     ...",
    ]


@pytest.mark.parametrize("width", [1, 5, 17, 39, 79])
@pytest.mark.parametrize("fancy", [True, False])
def test_no_line_is_too_long(standing, width, fancy):
    """At any width every line fits, also with more trials at once than are shown."""
    for number in range(11, 30):
        standing.running[number] = standing.running[7]
    lines = frame(standing, width, 160.0, fancy=fancy)
    assert [line for line in lines if len(line) > width] == []
    assert len(lines) == 11
    assert fancy or "".join(lines).isascii()


def test_what_is_half_written_is_not_shown(tmp_path):
    """A trial without metrics yet, with a torn row, or with several runs."""
    assert reached(tmp_path / "none", "val_loss") == ("", None)
    (tmp_path / "metrics.csv").write_text("epoch,val_loss\n0,0.5\n1,0.")
    assert reached(tmp_path, "val_loss") == ("0", 0.5)
    (tmp_path / "2").mkdir()
    (tmp_path / "2/metrics.csv").write_text("epoch,val_loss\n7,0.25\n")
    os.utime(tmp_path / "metrics.csv", (1, 1))
    assert reached(tmp_path, "val_loss") == ("7", 0.25)


def test_a_revived_trial_is_counted_again(capsys, tmp_path):
    """A trial that was stopped as bad, and goes on after all, does not count twice."""
    lines = Lines()
    lines.on_sweep_begin(SweepInfo("x-sweep-1", tmp_path, "val_loss", trials=2, workers=1))
    stopped = Row(1, "failed", {"optimizer.lr": 0.01}, reason="bad")
    lines.on_trial_end(stopped)
    lines.on_trial_rescued(stopped)
    lines.on_trial_end(Row(1, "finished", {"optimizer.lr": 0.01}, 0.5, 3))
    assert capsys.readouterr().err.splitlines() == [
        "x-sweep-1: 2 trials, 1 at once, by val_loss",
        "[1/2] trial 1 failed: bad  optimizer.lr=0.01",
        "[1/2] trial 1 finished: val_loss 0.5 at epoch 3  optimizer.lr=0.01  best so far",
    ]


def trainlab(*arguments: str) -> list[str]:
    """A command line of its own process."""
    return [sys.executable, "-m", "trainlab", *arguments]


@pytest.mark.parametrize(("columns", "encoding"), [(80, "utf-8"), (40, "ascii")])
def test_on_a_terminal(tmp_path, columns, encoding):
    """The table is redrawn in place; what went wrong scrolls by above it; the result goes to stdout."""
    (tmp_path / "c.yaml").write_text(CONFIG)
    env = os.environ | {"PYTHONIOENCODING": encoding, "TERM": "xterm", "NO_COLOR": "1"}
    command = trainlab("sweep", str(tmp_path / "c.yaml"), "--runs", str(tmp_path / "runs"), "-w", "2")
    code, written, out = on_terminal(command, env, columns)
    lines = screen(written)
    assert code == 0
    assert lines[0].startswith("tiny-sweep-1: 4 trials, 2 at once")
    assert sum(line.startswith("trial 4/4 ") for line in lines) == 1
    assert sum(" best " in line for line in lines) == 1
    assert any(" diverged: " in line for line in lines)
    assert max(len(line) for line in lines) <= columns
    assert out.startswith("sweep finished: ")


def _started(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """A sweep whose two trials at once would take for ever, once both train."""
    (folder / "c.yaml").write_text(CONFIG.replace("[0.001, 0.002, 1.0e+9]", "[0.001, 0.0001]"))
    command = trainlab("sweep", "c.yaml", "train.epochs=1000000", "-w", "2", "--quiet", *options)
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    files = [folder / f"runs/tiny-sweep-1/trials/000{number}/metrics.csv" for number in (1, 2)]
    deadline = time.monotonic() + 30
    while not all(f.exists() and f.read_text().count("\n") > 3 for f in files) and time.monotonic() < deadline:
        time.sleep(0.01)
    return child


def test_ctrl_c_once_ends_gently_and_twice_at_once(tmp_path):
    """After the first the trials save their state; the second kills them; either way the code is 130."""
    child = _started(tmp_path)
    os.kill(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (130, "stopping: the running trials save their state (Ctrl-C again kills them)\n")
    for number in (1, 2):
        run = tmp_path / f"runs/tiny-sweep-1/trials/000{number}"
        assert '"interrupted"' in (run / "status.json").read_text()
        assert (run / "checkpoints/last.safetensors").exists()
    second = tmp_path / "second"
    second.mkdir()
    child = _started(second)
    os.kill(child.pid, signal.SIGINT)
    assert child.stderr is not None
    assert child.stderr.readline().startswith("stopping: ")
    os.kill(child.pid, signal.SIGINT)
    began = time.monotonic()
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert time.monotonic() - began < 5
