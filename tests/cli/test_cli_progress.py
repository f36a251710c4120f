"""What is seen of a run while it goes on, at any width, with and without a terminal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from terminal import colors, on_terminal, screen

from trainlab.cli._live import Redrawn
from trainlab.cli._progress import Curve, Findings, Lines, Progress, Pulse, frame, headlines
from trainlab.diagnose.finding import Finding
from trainlab.store.reading import read_run
from trainlab.training.callbacks import RunInfo, StepInfo

PLAN = RunInfo("a-1", Path("runs/a-1"), 30, 20, 700, 150, 150, 82)
ROW = {"epoch": 3, "lr": 0.01, "train_loss": 0.5, "train_accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.75}
STEP = StepInfo(1, 0.1, np.array([[0.5, 0.01, 1.0, 0.001]]))
SICK = ("optimizer={name: sgd, lr: 1e30}",)  # diverges at once


def halfway() -> Progress:
    """A run after 15 of 30 epochs, which took 60 seconds."""
    return Progress(
        PLAN, began=100.0, step=300, epoch=15.0, loss=0.123456, lr=0.01, row=ROW, curve=Curve(fresh=[4.0, 2.0, 1.0])
    )


def test_frame():
    """Epochs, time left, the newest numbers and the loss so far, in three lines."""
    assert frame(halfway(), 79, 160.0) == [
        "epoch 16/30 ━━━━━━━━━━━━━━━━━━━━──────────────────── 1:00 left",
        "loss 0.1235  acc 0.8  val_loss 0.6  val_acc 0.75  lr 0.01",
        "loss █▃▁",
    ]


def test_narrow_frame():
    """At 40 columns what matters less is left out."""
    assert frame(halfway(), 39, 160.0) == [
        "epoch 16/30 ━━━━━━━━━━━─────────── 1:00",
        "loss 0.1235  acc 0.8  val_acc 0.75",
        "loss █▃▁",
    ]


def test_plain_frame():
    """Where blocks cannot be shown, ASCII does."""
    assert frame(halfway(), 39, 160.0, fancy=False) == [
        "epoch 16/30 ###########----------- 1:00",
        "loss 0.1235  acc 0.8  val_acc 0.75",
        "loss #-_",
    ]


@pytest.mark.parametrize("width", [1, 5, 11, 17, 23, 39, 59, 60, 79, 200])
def test_no_line_is_too_long(width):
    """At any width every line fits."""
    p = halfway()
    p.curve.fresh += [1.0] * 500
    assert [line for line in frame(p, width, 160.0) if len(line) > width] == []


def test_frame_before_the_first_epoch():
    """Before anything is known nothing is invented."""
    assert frame(Progress(PLAN), 39, 0.0) == ["epoch 1/30 " + "─" * 27 + " ", ""]


def test_frame_with_a_broken_loss():
    """A loss that is not finite is shown as such, not as a crash."""
    p = halfway()
    p.loss = float("nan")
    p.curve.fresh += [float("nan"), float("inf")]
    assert frame(p, 79, 160.0)[1:] == ["loss nan  acc 0.8  val_loss 0.6  val_acc 0.75  lr 0.01", "loss █▃▁!!"]


def test_time_left_of_a_resumed_run():
    """The pace is that of this session, not of epochs that were done before."""
    p = Progress(PLAN, began=100.0, epoch=20.0, first_epoch=10.0)
    assert p.left(120.0) == 20.0


def test_curve_keeps_the_mean():
    """However long a run, the points are means over equally many losses, in order."""
    curve = Curve(most=8)
    for i in range(1, 1001):
        curve.fresh.append(float(i))
        if i % 7 == 0:
            curve.points()
    got, n = curve.points(), 1000 // curve.stride
    assert len(got) <= 8
    want = [sum(range(k * curve.stride + 1, (k + 1) * curve.stride + 1)) / curve.stride for k in range(n)]
    assert got == want


def finding(code: str, layer: str | None = None) -> Finding:
    """A warning of epoch 2."""
    return Finding(code, "warning", f"{code} in {layer}.", "Do.", 2, 40, layer)


def test_findings_are_grouped():
    """What hits many layers at one moment is one line; what it hits later is a short one."""
    f = Findings()
    for layer in ("relu1", "relu2", "relu3"):
        f.add(finding("dead-relu", layer))
    f.add(finding("plateau"))
    assert f.pop_lines() == [
        ("warning", "warning dead-relu (epoch 2): dead-relu in relu1. Also in relu2, relu3."),
        ("warning", "warning plateau (epoch 2): plateau in None."),
    ]
    f.add(finding("dead-relu", "relu4"))
    assert f.pop_lines() == [("warning", "warning dead-relu (epoch 2): now also in relu4")]
    assert f.pop_lines() == []


def test_lines_for_regression(capsys):
    """A regression shows R2, and a finding stands between the epochs."""
    watcher = Lines()
    watcher.on_train_begin(PLAN)
    watcher.on_epoch_end(
        {"epoch": 1, "lr": 1e-3, "train_loss": 0.25, "train_r2": -0.5, "val_loss": None, "val_r2": None}
    )
    watcher.on_finding(finding("bad\x1b[2J"))
    watcher.on_step_end(STEP)
    assert capsys.readouterr().err.splitlines()[1:] == [
        "epoch 1/30  loss 0.25  r2 -0.5  lr 0.001  0.0s",
        "warning bad\\x1b[2J (epoch 2): bad\\x1b[2J in None.",
    ]


def test_a_pulse_every_ten_seconds(capsys, monkeypatch):
    """Where several runs are trained, a line says every ten seconds which of them it is."""
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr("trainlab.cli._progress.perf_counter", lambda: next(clock))
    watcher = Pulse()
    watcher.on_train_begin(replace(PLAN, name="fix-1"))
    for step in range(4):
        watcher.on_step_end(replace(STEP, step=step, epoch=29.5))
    assert capsys.readouterr().err == "fix-1: training, epoch 30 of 30\n"


def test_it_is_redrawn_some_times_a_second(monkeypatch, tmp_path):
    """However many steps a second there are, frames are drawn eight times a second; every loss is kept."""
    clock = iter(range(10**6))
    monkeypatch.setattr("trainlab.cli._live.perf_counter", lambda: next(clock) / 1000)  # a millisecond a look
    with (tmp_path / "terminal").open("w", encoding="utf-8") as file:
        monkeypatch.setattr("sys.stderr", file)
        watcher = Redrawn()
        watcher.on_train_begin(PLAN)
        for step in range(1000):
            watcher.on_step_end(replace(STEP, step=step, epoch=step / 20))
        watcher.close()
    written = (tmp_path / "terminal").read_text(encoding="utf-8")
    assert written.count("\x1b[1A\x1b[2Kepoch") in (7, 8, 9)


@pytest.mark.parametrize(
    ("columns", "extra", "bar"),
    [(80, {}, "━"), (40, {"NO_COLOR": "1"}, "━"), (40, {"PYTHONIOENCODING": "ascii"}, "#")],
)
def test_on_a_terminal(started, folder, columns, extra, bar):
    """On a terminal the lines are redrawn in place, fit its width, and the finding stands above them."""
    command, env = started
    args = [*command, "train", "moons.yaml", "train.epochs=40", "optimizer.lr=0", "model.hidden=[4]"]
    code, written, out = on_terminal(args, {"TERM": "xterm", **env, **extra}, columns)
    lines = [line.rstrip() for line in screen(written)]
    assert code == 0
    assert max(map(len, lines)) <= columns
    assert "\x1b[1A" in written
    assert "warning loss-not-decreasing" in " ".join(lines)
    last = [line for line in lines if line]
    assert last[-3].startswith(f"epoch 40/40 {bar}")
    assert last[-2].startswith("loss ")
    assert last[-1].startswith("loss ")
    assert sum(line.startswith("epoch ") for line in lines) == 1
    assert bool([c for c in colors(written) if "33" in c]) == ("NO_COLOR" not in extra)
    assert out.startswith("finished after 40 epochs")


def test_the_last_frame_has_the_last_rate(started, folder):
    """The rate in the last frame is that of the last epoch, however long ago the frame before was drawn."""
    command, env = started
    args = [*command, "train", "moons.yaml", "train.epochs=40", "schedule=exponential"]
    _, written, _ = on_terminal(args, {"TERM": "xterm", **env}, 80)
    rates = read_run(folder / "runs" / "moons-1").metrics["lr"]
    assert rates[-1] < rates[0]
    assert f"lr {rates[-1]:.4g}" in " ".join(screen(written))


def test_on_a_dumb_terminal(started, folder):
    """TERM=dumb gets plain lines, as a pipe does."""
    command, env = started
    code, written, _ = on_terminal([*command, "train", "moons.yaml"], {**env, "TERM": "dumb"}, 80)
    assert code == 0
    assert "\x1b" not in written
    assert [line.split("  ")[0] for line in written.splitlines()[3:]] == [f"epoch {i}/3" for i in range(4)]


def test_what_was_not_tried_is_told():
    """A run that begins says which checks it left out, and how to run them; one that goes on does not."""
    assert len(headlines(PLAN)) == 1
    skipped = headlines(replace(PLAN, skipped=("cannot-overfit", "gradient-mismatch")))[1]
    command = "trainlab check runs/a-1/config.yaml"
    assert skipped.replace("\\", "/") == (
        f"skipped before training: cannot-overfit, gradient-mismatch (run `{command}`)"
    )
