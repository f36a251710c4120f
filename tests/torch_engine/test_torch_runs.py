"""What people do with runs works with PyTorch as with the other backends: resume, check, fix, sweep, freeze."""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from typer.testing import CliRunner  # noqa: E402 - only with PyTorch

from trainlab.cli.main import build  # noqa: E402
from trainlab.store.checkpoint import load  # noqa: E402
from trainlab.store.rows import read_rows  # noqa: E402
from trainlab.training.callbacks import Callback  # noqa: E402
from trainlab.training.experiment import read_plain  # noqa: E402
from trainlab.training.train import train  # noqa: E402

CONFIG = """\
name: digits
data: {name: digits, preprocess: [standardize]}
model: {name: mlp, hidden: [24], norm: batch, dropout: 0.2}
optimizer: {name: adam, lr: 0.003}
train: {epochs: 4, batch_size: 64, average: 0.9}
"""
CNN = """\
name: NAME
data: {name: digits, classes: [CLASSES], preprocess: [{name: standardize, per: all}]}
model: {name: cnn, filters: [4, 8], hidden: [16], norm: batchMORE}
optimizer: {name: adam, lr: 0.003}
train: {epochs: 2, batch_size: 64}
"""


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Runs a command line in an empty folder with c.yaml in it, and gives what it printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(CONFIG)

    def run(*arguments, code=0):
        done = CliRunner().invoke(build(), list(arguments), catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.stdout + done.stderr

    return run


def losses(folder):
    """The losses of all steps of a run."""
    return np.array(read_rows(folder / "steps.csv")["loss"], np.float64)


@pytest.mark.parametrize(("one", "other"), [*permutations(["numpy", "compiled", "torch"], 2)])
def test_a_run_goes_on_on_another_backend(one, other, cli, tmp_path):
    """Its losses are those of a run in one piece up to rounding, and its start says that the bits will differ."""
    cli("train", "c.yaml", f"train.engine={one}", "--name", "whole", "-q")
    cli("train", "c.yaml", f"train.engine={one}", "--name", "part", "-q", "--until", "2", code=130)
    said = cli("train", "--resume", "part-1", f"train.engine={other}")
    assert f"the run began on {one}" in said
    assert f"here it is {other}" in said
    assert losses(tmp_path / "runs/part-1") == pytest.approx(losses(tmp_path / "runs/whole-1"), rel=1e-3)
    environment = json.loads((tmp_path / "runs/part-1/environment.json").read_text())
    assert (environment["engine"]["name"], environment["resumed_engine"]["name"]) == (one, other)
    assert f"here it is {other}" in cli("train", "--resume", "part-1", "train.epochs=5")  # it stays there


def test_the_threads_of_the_config_are_pytorchs(tmp_path, monkeypatch):
    """Inside a run as many as `train.threads` says, auto: one for each core; afterwards as many as before."""
    seen = []

    class Threads(Callback):
        def on_epoch_end(self, row):
            seen.append(torch.get_num_threads())

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    before = torch.get_num_threads()
    for threads in (1, "auto"):
        settings = {"engine": "torch", "device": "cpu", "epochs": 1, "threads": threads}
        train(read_plain({"data": {"name": "moons"}, "train": settings}), runs=tmp_path, callbacks=[Threads()])
    assert seen == [1, 1, 2, 2]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("freeze", ["all", "[conv1, batch_norm1]", "[batch_norm2]", "[]"])
def test_a_frozen_layer_stays(freeze, cli, tmp_path):
    """Weights and running statistics keep their bits, what learns follows NumPy, and nothing is sent back too far."""
    (tmp_path / "source.yaml").write_text(CNN.replace("NAME", "source").replace("CLASSES", "0,1,2").replace("MORE", ""))
    more = f", from: source-1, new_layers: head, freeze: {freeze}"
    (tmp_path / "t.yaml").write_text(CNN.replace("NAME", "t").replace("CLASSES", "3,4,5,6").replace("MORE", more))
    cli("train", "source.yaml", "train.engine=torch", "-q")
    for engine in ("numpy", "torch"):
        cli("train", "t.yaml", f"train.engine={engine}", "train.epochs=1", "optimizer=sgd", "--name", engine, "-q")
    source, want, got = (
        load(tmp_path / f"runs/{name}-1/checkpoints/{kind}.safetensors")[0]
        for name, kind in (("source", "best"), ("numpy", "last"), ("torch", "last"))
    )
    frozen = json.loads((tmp_path / "runs/torch-1/network.json").read_text())["from"]["frozen"]
    assert len(frozen) == {"all": 6, "[]": 0}.get(freeze, freeze.count(",") + 1)
    for name in (n for n in want if n.split(".")[0][:-1] in ("conv", "batch_norm", "dense")):
        if name.split(".")[0] in frozen:
            assert got[name].tobytes() == source[name].tobytes(), name
        assert got[name] == pytest.approx(want[name], rel=1e-4, abs=1e-5), name


def test_tools_take_it(cli, tmp_path):
    """check, lr-range, and fix of a sick run; the config that fix writes keeps the backend."""
    assert "no problems found" in cli("check", "c.yaml", "train.engine=torch")
    assert "suggested:" in cli("lr-range", "c.yaml", "train.engine=torch")
    cli("train", "c.yaml", "train.engine=torch", "train.epochs=12", "optimizer.lr=5", "--name", "sick", "-q")
    assert "the smallest patch that helps" in cli("fix", "sick-1", "-o", "fixed.yaml")
    assert "engine: torch" in (tmp_path / "fixed.yaml").read_text()


def test_a_sweep_with_folds_and_its_ensemble(cli, tmp_path):
    """Trials train in worker processes by PyTorch; the best of them predict together."""
    (tmp_path / "s.yaml").write_text(
        "extends: c.yaml\ntrain: {engine: torch, epochs: 2}\n"
        "sweep: {strategy: grid, trials: 2, folds: 2, space: {optimizer.lr: {choice: [0.001, 0.01]}}}\n"
    )
    assert "2 finished of 2 trials" in cli("sweep", "s.yaml", "--workers", "2")
    for run in (tmp_path / "runs/s-sweep-1/trials").glob("*/*/environment.json"):
        assert json.loads(run.read_text())["engine"]["name"] == "torch"
    assert "On average two members agree" in cli("ensemble", "--sweep", "digits-sweep-1", "--top", "2")
    assert "accuracy" in cli("evaluate", "digits-ensemble-1")


def test_tune_takes_it(cli, tmp_path):
    """The search trains by PyTorch, and the config that it writes keeps the backend."""
    cli("tune", "c.yaml", "train.engine=torch", "train.epochs=1", "--budget", "15-trials", "--workers", "1", "-q")
    assert "engine: torch" in (tmp_path / "runs/digits-tune-1/best.yaml").read_text()
    for run in (tmp_path / "runs/digits-tune-1").glob("**/environment.json"):
        assert json.loads(run.read_text())["engine"]["name"] == "torch"


class Memory(Callback):
    """Memory of this process alone, in MB, now and after each call of steps; pages of a mapped file do not count."""

    def __init__(self):
        self.seen = []
        self.on_step_end(None)

    def on_step_end(self, info):
        """Read the system's figure."""
        status = Path("/proc/self/status").read_text()
        self.seen.append(int(status.split("RssAnon:")[1].split()[0]) / 1024)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells what memory is a process's own")
def test_rows_of_a_file_stay_there(tmp_path):
    """An epoch over a .npy file of 160 MB takes less than half of that in memory of its own."""
    x = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.float32, shape=(80_000, 500))
    x[:, 0] = np.random.default_rng(0).normal(size=len(x))
    np.save(tmp_path / "y.npy", (x[:, 0] > 0).astype(np.int64))
    del x
    document = {
        "data": {"name": "npy", "x": str(tmp_path / "x.npy"), "y": str(tmp_path / "y.npy"), "split": {"test": 0}},
        "model": {"name": "mlp", "hidden": [8]},
        "train": {"epochs": 1, "batch_size": 256, "engine": "torch", "device": "cpu"},
    }
    memory = Memory()
    train(read_plain(document, source="test"), runs=tmp_path / "runs", callbacks=[memory])
    assert len(memory.seen) > 5
    assert max(memory.seen) - memory.seen[0] < 80


def test_members(cli, tmp_path):
    """`train.members` follows NumPy, dropout included."""
    for engine in ("numpy", "torch"):
        cli("train", "c.yaml", f"train.engine={engine}", "train.members=3", "train.epochs=2", "--name", engine, "-q")
    assert losses(tmp_path / "runs/torch-1") == pytest.approx(losses(tmp_path / "runs/numpy-1"), rel=1e-3)
