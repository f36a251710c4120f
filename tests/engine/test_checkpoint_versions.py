"""Checkpoints of earlier versions go on as they would have gone on then."""

import json
from pathlib import Path

import numpy as np
import pytest

from trainlab.engine.trainer import Trainer
from trainlab.store import checkpoint
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build

GOLDEN = Path(__file__).parents[1] / "golden"
LOSSES = json.loads((GOLDEN / "checkpoint_version_1.json").read_text())


@pytest.mark.parametrize("engine", ["numpy", "auto"])
@pytest.mark.parametrize("optimizer", LOSSES)
def test_a_checkpoint_of_version_1_goes_on(optimizer, engine):
    """Its losses are those of the commit that wrote it (tests/golden/checkpoint_version_1.py)."""
    experiment = read_plain(
        {
            "data": "iris",
            "model": {"name": "mlp", "hidden": [4]},
            "optimizer": {"name": optimizer, "lr": 0.01},
            "train": {"epochs": 9, "batch_size": 16, "engine": engine},
        }
    )
    setup = build(experiment)
    trainer = Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)
    arrays, states = checkpoint.load(GOLDEN / "checkpoint_version_1.safetensors")
    own = {key.removeprefix(f"{optimizer}/"): a for key, a in arrays.items() if key.startswith(f"{optimizer}/")}
    trainer.restore(own, states[optimizer])
    got = []
    for _ in LOSSES[optimizer]:
        trainer.advance(1)
        got.append(float(trainer.records[0][0]))
    np.testing.assert_allclose(got, LOSSES[optimizer], rtol=1e-5)
