"""Penalties on single layers: their formula on both backends, and names of layers that are not there."""

import numpy as np
import pytest

from trainlab.core.problem import ConfigError
from trainlab.engine.trainer import Trainer
from trainlab.optim.layer_penalty import LayerPenalty
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build

CONFIG = {
    "data": {"name": "iris", "preprocess": ["standardize"]},
    "model": {"name": "mlp", "hidden": [6, 5]},
    "optimizer": {"name": "sgd", "lr": 0.1},
    "train": {"batch_size": 16, "epochs": 2},
}


def gradient(engine, **regularization):
    """The gradient of the first step, by the name of the array, and the weights before it."""
    setup = build(read_plain(CONFIG, {"train.engine": engine, "regularization": regularization}))
    before = {name: a.copy() for name, a in setup.net.params.items()}
    trainer = Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)
    penalty = trainer.penalty()
    trainer.advance(1)
    return {name: a.copy() for name, a in setup.net.grads.items()}, before, penalty


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_only_the_named_layers_are_penalized(engine):
    """The gradient of a named layer's weights gains l2 w + l1 sign(w); its biases and the other layers gain nothing."""
    plain, _, nothing = gradient(engine)
    got, w, penalty = gradient(engine, l2_by_layer={"dense2": 0.5}, l1_by_layer={"dense2": 0.1, "dense3": 0.2})
    want = {name: np.zeros_like(a) for name, a in plain.items()}
    want["dense2.W"] = 0.5 * w["dense2.W"] + 0.1 * np.sign(w["dense2.W"])
    want["dense3.W"] = 0.2 * np.sign(w["dense3.W"])
    for name, gained in want.items():
        assert got[name] - plain[name] == pytest.approx(gained, abs=1e-6), name
    sizes = {name: (np.square(w[name]).sum(), np.abs(w[name]).sum()) for name in ("dense2.W", "dense3.W")}
    cost = 0.25 * sizes["dense2.W"][0] + 0.1 * sizes["dense2.W"][1] + 0.2 * sizes["dense3.W"][1]
    assert (nothing, penalty) == (0, pytest.approx(cost, rel=1e-5))


def test_a_layer_that_is_not_there():
    """A name of no layer with weights is an error at its key, with the nearest name."""
    with pytest.raises(ConfigError) as caught:
        build(read_plain(CONFIG | {"regularization": {"l2_by_layer": {"dens2": 0.1}}}))
    assert str(caught.value).splitlines()[0] == (
        "config: regularization.l2_by_layer.dens2: no layer with weights is called `dens2`; did you mean `dense2`?"
    )


def test_it_constrains_nothing():
    """Weights stay where the step has put them."""
    W = np.ones((2, 2))
    LayerPenalty(parts=[(0, 4, 1.0, 1.0)]).constrain(W)
    assert (W == 1).all()
