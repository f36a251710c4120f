"""Data-dependent inits look at the network layer by layer."""

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.engine.network import Net
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.init import Init
from trainlab.nn.layers.batch_norm import BatchNorm
from trainlab.nn.layers.dense import Dense
from trainlab.nn.models.sequential import Sequential


def test_lsuv_brings_every_layer_to_unit_deviation():
    """After calibration each layer's output has standard deviation 1 to within the tolerance, 20 layers deep."""
    layers = [layer for _ in range(20) for layer in (Dense(units=50), ReLU())]
    model = Sequential(layers=layers, init=make(Init, "lsuv"))
    net = Net(layers, (30,), dtype="float64")
    net.initialize(model, Streams(0))
    x = 7.0 * np.random.default_rng(0).normal(size=(200, 30))
    passes = net.calibrate(model, x)
    work = net.workspace(200, train=True)
    work.x[...] = x
    work.forward()
    assert passes.keys() == {f"dense{i}" for i in range(1, 21)}
    assert all(1 <= n <= 10 for n in passes.values())
    for name in passes:
        assert work.slots[name].y.std() == pytest.approx(1.0, rel=0.03), name


def test_calibration_leaves_running_statistics_alone():
    """Batch norm's running mean and variance are those of an untouched network afterwards."""
    layers = [Dense(units=4), BatchNorm(), Dense(units=2)]
    model = Sequential(layers=layers, init=make(Init, "lsuv"))
    net = Net(layers, (3,), dtype="float64")
    net.initialize(model, Streams(0))
    before = {k: v.copy() for k, v in net.params.items() if "mean" in k or "var" in k}
    net.calibrate(model, np.random.default_rng(0).normal(size=(50, 3)))
    assert before
    assert all((net.params[k] == v).all() for k, v in before.items())


def test_other_inits_do_not_look():
    """A network whose inits need no data is not calibrated."""
    model = Sequential(layers=[Dense(units=2)])
    net = Net(model.layers, (3,))
    net.initialize(model, Streams(0))
    assert net.calibrate(model, np.zeros((4, 3))) == {}
