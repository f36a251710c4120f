"""A run that cannot be resumed stays as it was."""

import numpy as np
import pytest
from moons_run import MOONS, write

from trainlab.core.errors import UserError
from trainlab.store import checkpoint
from trainlab.training.experiment import read
from trainlab.training.train import resume, train


@pytest.fixture
def run(tmp_path):
    """A run that was stopped after epoch 3 of 6."""
    document = read(write(tmp_path, MOONS))
    return train(document, runs=tmp_path / "runs", until=3).folder


def _seen(folder):
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _without(name):
    return lambda arrays, meta: arrays.pop(name) is None


def _set(key, value):
    def change(arrays, meta):
        meta[key] = value

    return change


def _scalar(arrays, meta):
    arrays["dense1.W"] = arrays["dense1.W"].reshape(-1)[:1]  # NumPy would spread it over the whole matrix


def _taken(arrays, meta):
    meta["trainer"]["order"]["taken"] = 10**9


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_without("dense1.W"), "has no `dense1.W` of shape (2, 16)"),
        (_scalar, "has no `dense1.W` of shape (2, 16)"),
        (_without("optimizer.m"), "has no `optimizer.m`"),
        (_without("steps.recent"), "has no `steps.recent` of 4 columns"),
        (_taken, "is not 1000000000 steps into an epoch of "),
        (_set("files", {"metrics": 7}), "no line ends at byte 7"),
        (_set("files", "all"), '`files` cannot be "all"'),
        (_set("trainer", {}), "`trainer.step` is missing"),
        (_set("leader", {"metric": "val_accuracy", "row": {"epoch": "x"}}), "`leader.row.epoch"),
    ],
)
@pytest.mark.parametrize("epochs", [0, 9])
def test_a_refused_resume_changes_nothing(run, change, why, epochs):
    """Not the config, not the rows, not the status: whatever is wrong with the checkpoint, its checksums do fit."""
    last = run / "checkpoints/last.safetensors"
    arrays, meta = checkpoint.load(last)
    change(arrays, meta)
    checkpoint.save(last, {name: np.ascontiguousarray(a) for name, a in arrays.items()}, meta)
    before = _seen(run)
    with pytest.raises(UserError) as caught:
        resume(run, epochs=epochs)
    assert why in str(caught.value)
    after = _seen(run)
    after.pop(f"{run}/.lock", None)
    before.pop(f"{run}/.lock", None)
    assert after == before


@pytest.mark.parametrize("sweep", ["search", "7", "[a]"])
def test_a_sweep_that_is_no_table(run, sweep):
    """No command but `sweep` looks into it, and each asks whether it names a metric."""
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("sweep: null", f"sweep: {sweep}"))
    with pytest.raises(UserError, match="sweep: expected a table of settings or null"):
        resume(run, epochs=9)


def test_fewer_epochs_than_were_trained(run):
    """The state of an earlier epoch is gone."""
    with pytest.raises(UserError, match=r"has come to epoch 3 already, beyond train\.epochs=2"):
        resume(run, epochs=2)
