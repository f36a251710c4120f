"""Two processes that torchrun starts train what one process trains with batches twice as large."""

import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from trainlab.store.rows import read_rows  # noqa: E402 - only with PyTorch

CONFIG = """
data: {name: digits}
model: {name: sequential, layers: [flatten, {dense: 24}, relu, {dropout: 0.3}, {dense: output}]}
optimizer: {name: adam, lr: 0.003}
regularization: {l2: 0.001}
train: {epochs: 3, engine: torch, device: cpu, dtype: float64, clip_norm: 20}
"""
TOGETHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "trainlab"]
ALONE = [sys.executable, "-m", "trainlab"]


def run(folder, command, *arguments):
    """The command in this folder, on one thread."""
    (folder / "c.yaml").write_text(CONFIG)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(folder, name):
    """The losses of all steps."""
    return np.array(read_rows(folder / "runs" / name / "steps.csv")["loss"], np.float64)


def test_two_processes_are_one_with_twice_the_batch(tmp_path):
    """The same losses of all steps; one process writes the folder and prints; a resumed run goes on alike."""
    said = run(tmp_path, TOGETHER, "train", "c.yaml", "train.batch_size=16", "train.epochs=2", "--name", "two")
    assert said.count("finished after 2 epochs") == 1
    run(tmp_path, TOGETHER, "train", "--resume", "two-1", "train.epochs=3")
    run(tmp_path, ALONE, "train", "c.yaml", "train.batch_size=32", "--name", "one")
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["one-1", "two-1"]
    assert losses(tmp_path, "two-1") == pytest.approx(losses(tmp_path, "one-1"), rel=1e-9)


def test_a_backend_of_one_process_is_refused(tmp_path):
    """Kernels in two processes would train two networks."""
    with pytest.raises(AssertionError, match="torchrun started 2 processes"):
        run(tmp_path, TOGETHER, "train", "c.yaml", "train.engine=auto", "train.device=auto")
