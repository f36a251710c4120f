"""Signals during `train.engine: torch`: exit codes, a long step left without a trace, the bits of resumed runs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from test_torch_agreement import trained  # noqa: E402 - only with PyTorch
from test_torch_processes import TOGETHER  # noqa: E402

from trainlab.core.component import make  # noqa: E402
from trainlab.data.augmentation import Augmentation  # noqa: E402
from trainlab.nn.layer import Layer  # noqa: E402
from trainlab.optim.optimizer import Optimizer  # noqa: E402
from trainlab.store.checkpoint import load  # noqa: E402
from trainlab.store.rows import read_rows  # noqa: E402

PASSES = []  # what the layer below does in its next passes


class Stopping(Layer, name="stopping"):
    """y = x; a signal may come in its passes."""

    def out_shape(self, shape):
        """The same shape."""
        return shape

    def forward(self, s):
        """y = x."""
        s.y[...] = s.x

    def backward(self, s):
        """dx = dy."""
        if s.dx is not None:
            s.dx[...] = s.dy

    def torch(self, s):
        """y = x in PyTorch."""
        came(None)
        if s.x.requires_grad:
            s.x.register_hook(came)
        return s.x * 1


def came(_):
    """Do what is to be done next."""
    if PASSES:
        PASSES.pop(0)()


def nothing():
    """No signal comes."""


def state(trainer):
    """Everything that the run's future depends on, but for the order."""
    arrays, plain = trainer.state()
    return {name: a.tobytes() for name, a in arrays.items()}, {k: v for k, v in plain.items() if k != "order"}


LAYERS = ({"dense": 4}, "batch_norm", {"dropout": 0.4}, Stopping(), {"dense": 4}, "batch_norm", {"dense": "output"})


@pytest.mark.parametrize("passes", [0, 1])
@pytest.mark.parametrize("kind", ["adam", "ahead", "lbfgs", "search"])
def test_a_long_step_is_left_without_a_trace_and_taken_again(kind, passes, monkeypatch):
    """In the forward or the backward pass, with batches made ahead, and within a line search."""
    name = "lbfgs" if kind in ("lbfgs", "search") else "adam"
    recipe = {"layers": LAYERS, "optimizer": make(Optimizer, name, lr=0.01), "average": 0.9}
    if kind == "ahead":
        recipe["augment"] = [make(Augmentation, "noise", std=0.2)]
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
    if name == "lbfgs":
        recipe["layers"] = tuple(layer for layer in LAYERS if layer != {"dropout": 0.4})
    one, other = (trained("torch", "float64", **recipe)[0] for _ in range(2))
    before = state(one)
    one._seconds_per_step = 1.0
    PASSES[:] = [nothing] * (passes + (2 if kind == "search" else 0)) + [one.leave_step]
    assert (one.advance(1), one.broken, PASSES) == (0, False, [])
    assert state(one) == before
    resumed = trained("torch", "float64", **recipe)[0]
    resumed.restore(*one.state())
    for trainer in (one, other, resumed):
        assert trainer.advance(1) == trainer.advance(1) == 1
    assert state(one) == state(other) == state(resumed)


CONFIG = """
data: {name: digits, augment: [{name: noise, std: 0.1}]}
model: {name: mlp, hidden: [48, 24], norm: batch, dropout: 0.2}
optimizer: {name: adam, lr: 0.003}
train: {epochs: 6, engine: torch, device: cpu, batch_size: 16, average: 0.9}
"""
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
ALONE = [sys.executable, "-m", "trainlab"]


def start(folder, command, *arguments):
    """The command in this folder, in a session of its own."""
    (folder / "c.yaml").write_text(CONFIG)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *arguments], cwd=folder, env=ENVIRONMENT, start_new_session=True, **pipes)


def outcome(folder):
    """What a stop and a resume must not change."""
    arrays = load(folder / "checkpoints/last.safetensors")[0] | load(folder / "checkpoints/best.safetensors")[0]
    tables = [read_rows(folder / f"{name}.csv") for name in ("steps", "metrics", "layers")]
    kept = [{k: v for k, v in table.items() if "seconds" not in k} for table in tables]
    return {name: a.tobytes() for name, a in arrays.items()}, kept


def rows_of(path):
    """How many rows a file has, 0 if there is none."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def until(happened, process):
    """Wait until this has happened."""
    deadline = time.monotonic() + 120
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_goes_on_to_the_same_bits(number, tmp_path):
    """Exit code 130: stopped gently, told at once."""
    with start(tmp_path, ALONE, "train", "c.yaml", "--name", "whole", "-q") as process:
        assert process.wait(120) == 0
    with start(tmp_path, ALONE, "train", "c.yaml", "--name", "part", "-q") as process:
        until(lambda: rows_of(tmp_path / "runs/part-1/metrics.csv") >= 3, process)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "stopping after this step" in told
    with start(tmp_path, ALONE, "train", "--resume", "part-1", "-q") as process:
        assert process.wait(120) == 0
    assert outcome(tmp_path / "runs/part-1") == outcome(tmp_path / "runs/whole-1")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="Linux tells a process's children")
@pytest.mark.parametrize("to", ["all", "second"])
def test_two_processes_stop_and_go_on_to_the_same_bits(to, tmp_path):
    """A signal to torchrun, which hands it on, or to the second process alone; none is left."""
    with start(tmp_path, TOGETHER, "train", "c.yaml", "--name", "whole", "-q") as process:
        assert process.wait(240) == 0, process.communicate()
    more = ["c.yaml", "--name", "part"]
    for rows in (2, 4):
        with start(tmp_path, TOGETHER, "train", *more, "-q") as process:
            until(lambda rows=rows: rows_of(tmp_path / "runs/part-1/metrics.csv") >= rows, process)
            workers = workers_of(process.pid)
            assert len(workers) == 2
            os.kill(process.pid if to == "all" else workers[1], signal.SIGINT)
            _, told = process.communicate(timeout=100)
        assert process.returncode != 0, told
        assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]
        more = ["--resume", "part-1"]
    with start(tmp_path, TOGETHER, "train", "--resume", "part-1", "-q") as process:
        assert process.wait(240) == 0, process.communicate()
    assert outcome(tmp_path / "runs/part-1") == outcome(tmp_path / "runs/whole-1")


def workers_of(pid):
    """The processes that torchrun has started, by their rank."""
    ranks = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        values = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        ranks |= {value: int(child) for value in values if value.startswith(b"RANK=")}
    return [ranks[rank] for rank in sorted(ranks)]
