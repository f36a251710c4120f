"""Histograms of layers: a range that fits the numbers, shares of a fair sample, whatever is not finite left out."""

import numpy as np
import pytest

from trainlab.engine.histograms import BINS, histogram, histograms
from trainlab.engine.network import Net
from trainlab.nn.layer import Layer


@pytest.mark.parametrize("scale", [7e-11, 0.065, 1.0, 1e30])
def test_the_shape_is_seen_at_any_scale(scale):
    """Normal numbers of any spread have the same histogram; only the range says how large they are."""
    a = np.random.default_rng(0).normal(size=(200, 50)).astype(np.float32)
    low, high, shares = histogram(a * np.float32(scale))
    assert (low, high) == pytest.approx((a.min() * scale, a.max() * scale), rel=1e-5)
    assert shares == pytest.approx(histogram(a)[2], abs=2e-3)
    assert np.count_nonzero(shares > 0.02) > 6


def test_what_is_not_finite_falls_into_no_bin():
    """Shares are of all numbers, the range is that of the finite ones; without any there is no histogram."""
    low, high, shares = histogram(np.array([[np.nan, 1.0, 2.0, -np.inf]]))
    assert (low, high, shares.sum()) == (1.0, 2.0, 0.5)
    assert histogram(np.full((2, 2), np.nan)) is None
    assert histogram(np.empty((0, 3))) is None


def test_numbers_that_are_all_the_same_are_one_bar():
    """Weights of zero, or a bias that never moved."""
    assert histogram(np.zeros((3, 4)))[2].tolist() == [1.0] + [0.0] * (BINS - 1)


@pytest.mark.parametrize("units", [3, 32, 64, 100])
def test_a_sample_leaves_no_column_out(units):
    """Half of the columns are 0, half are 1: in a sample of a large array, too, whatever its width."""
    a = np.zeros((200_000 // units, units))
    a[:, units // 2 :] = 1
    shares = histogram(a)[2]
    assert shares[-1] == pytest.approx((units - units // 2) / units, abs=0.01)


def test_which_layers_are_counted():
    """Outputs of activations and of the last layer; weights and gradients of all layers that have some; 24 at most."""
    layers = [part for _ in range(40) for part in ({"dense": 4}, "tanh")]
    net = Net([Layer.read(layer) for layer in [*layers, {"dense": 2}]], (4,), engine="numpy")
    work = net.workspace(8, train=True)
    for a in net.params.values():
        a[...] = 0.1
    work.x[...] = 1
    work.forward()
    found = {(layer, quantity) for layer, quantity, _ in histograms(net.all_nodes(), work)}
    outputs = {layer for layer, quantity in found if quantity == "low"}
    assert len(outputs) == len({layer for layer, quantity in found if quantity == "weight_low"}) == 24
    assert {"tanh1", "dense41"} <= outputs
    assert {("dense1", "grad_bin15"), ("dense41", "weight_high")} <= found
