"""Schedules of dropout and of weight decay: the factors of each step, the same on both backends."""

import numpy as np
import pytest

from trainlab.core.problem import ConfigError
from trainlab.engine.trainer import Trainer
from trainlab.training.experiment import read_plain
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build

LAYERS = [{"dense": 16}, "relu", {"dropout": 0.6}, {"name": "drop_connect", "units": "output", "drop": 0.3}]
CONFIG = {"data": "iris", "model": {"name": "sequential", "layers": LAYERS}, "train": {"epochs": 4, "batch_size": 32}}
FLAT_COS = {"regularization.dropout_schedule": "flat_cos", "regularization.weight_decay_schedule": "flat_cos"}


def trained(**changes):
    """A trained session, unmonitored."""
    session = TrainingSession(build(read_plain(CONFIG, changes)), monitored=False)
    session.fit()
    return session


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_both_backends_follow_them(optimizer):
    """With both schedules, kernels and NumPy give the same weights up to rounding; without them, others."""
    changes = {"optimizer": {"name": optimizer, "weight_decay": 0.5, "lr": 0.01}}
    one, other = (trained(**changes, **FLAT_COS, **{"train.engine": engine}) for engine in ("compiled", "numpy"))
    assert one.setup.net.theta == pytest.approx(other.setup.net.theta, abs=2e-5)
    for schedule in FLAT_COS:
        without = trained(**changes, **{key: value for key, value in FLAT_COS.items() if key != schedule})
        assert np.abs(without.setup.net.theta - one.setup.net.theta).max() > 1e-3


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
def test_a_constant_schedule_changes_no_bit(engine):
    """A factor of 1 gives the bits of a run without a schedule."""
    constant = dict.fromkeys(FLAT_COS, "constant")
    changes = {"optimizer": "adamw", "train.engine": engine}
    assert (trained(**changes, **constant).setup.net.theta == trained(**changes).setup.net.theta).all()


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
def test_dropout_drops_what_the_schedule_says(engine):
    """Where `flat_cos` reaches 0, nothing is dropped; before, 0.6 of the numbers, the others times 2.5."""
    changes = {"train.engine": engine, "train.epochs": 2, "regularization.dropout_schedule": "flat_cos"}
    setup = build(read_plain(CONFIG, {**changes, "train.batch_size": 150}))
    trainer = Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)
    shares = []
    for step in range(3):
        trainer.advance(1)
        slot = trainer.last_batch.slots["dropout1"]
        shares.append((slot.y[slot.x > 0] == 0).mean())
        kept = (slot.x > 0) & (slot.y > 0)
        drop = 0.6 * (1.0, 1.0, 0.0)[step]
        assert slot.y[kept] == pytest.approx(slot.x[kept] / (1 - drop), rel=1e-5)
    assert shares[0] == pytest.approx(0.6, abs=0.05)
    assert shares[2] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regularization.dropout_schedule": "cosine", "model": {"mlp": [8]}}, "the model has no dropout"),
        (
            {
                "regularization.dropout_schedule": "cosine",
                "model": {
                    "name": "sequential",
                    "layers": [{"name": "dropout", "mode": "vanilla"}, {"dense": "output"}],
                },
            },
            "multiplies by 1 - drop in evaluation, which knows no schedule; use `mode: inverted`",
        ),
        ({"regularization.weight_decay_schedule": "cosine"}, "`adam` has no weight decay; use `adamw` or `muon`"),
    ],
)
def test_a_schedule_of_nothing(changes, message):
    """A schedule whose dropout or weight decay is not there is an error."""
    with pytest.raises(ConfigError, match=message):
        build(read_plain(CONFIG, changes))
