"""A checkpoint that somebody made: its checksums fit, and its content does not. It is refused by name."""

import numpy as np
import pytest

from trainlab.core.errors import UserError
from trainlab.inference.model import TrainedNetwork
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder
from trainlab.training.experiment import read_plain
from trainlab.training.train import train

CONFIG = {"data": {"name": "moons", "samples": 60, "preprocess": ["standardize"]}, "train": {"epochs": 1}}


def _set(*keys, value):
    def change(arrays, meta):
        for key in keys[:-1]:
            meta = meta[key]
        meta[keys[-1]] = value

    return change


def _array(name, made):
    def change(arrays, meta):
        arrays[name] = made(arrays[name])

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_set("task", value=None), "`task` cannot be null"),
        (_set("task", "outputs", value=10**12), "`task.outputs` cannot be 1000000000000"),
        (_set("shape", value=[[2]]), "`shape.0` cannot be [2]"),
        (_set("loss", value={"name": "none"}), "`loss` cannot be {'name': 'none'}"),
        (_set("encoding", "columns", value=[{"name": ["a"]}]), '`encoding.columns.0.name` cannot be ["a"]'),
        (_array("dense1.W", lambda a: a[:1]), "has no `dense1.W` of shape"),
        (_array("data.0.standardize.mean", lambda a: a[:0]), "`standardize`, fitted as"),
    ],
)
def test_a_made_checkpoint(tmp_path, change, why):
    """Neither a traceback nor predictions by other rules."""
    run = train(read_plain(CONFIG), runs=tmp_path).folder
    best = run / "checkpoints/best.safetensors"
    arrays, meta = checkpoint.load(best)
    change(arrays, meta)
    checkpoint.save(best, {name: np.ascontiguousarray(a) for name, a in arrays.items()}, meta)
    with pytest.raises(UserError) as caught:
        TrainedNetwork.load(RunFolder(run))
    assert str(caught.value).startswith(f"{best}: ")
    assert why in str(caught.value)
