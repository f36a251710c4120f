"""Whole networks from the same weights and batches as torch 2.13: tests/golden/nn.json, made by make_nn.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from trainlab.engine.network import Net
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss, LossSlot

CASES = json.loads((Path(__file__).parents[1] / "golden" / "nn.json").read_text())["networks"]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_network_follows_torch(case, dtype, tolerance):
    """Over 50 steps of gradient descent the losses are torch's, and so are biases, scales and running statistics."""
    x, t = np.array(case["x"], dtype), np.array(case["t"])
    rows = x.shape[1]
    net = Net([Layer.read(layer).sized(3) for layer in case["layers"]], x.shape[2:], dtype=dtype)
    assert net.params.keys() == case["start"].keys()
    for key, value in case["start"].items():
        net.params[key][...] = value
    work = net.workspace(rows, train=True)
    loss = Loss.read("softmax_cross_entropy")
    losses = []
    for step in range(50):
        work.x[...] = x[step % len(x)]
        work.forward()
        losses.append(loss.value(LossSlot(work.y, t[step % len(t)], work.dy)))
        work.backward()
        net.theta -= case["lr"] * net.grad
    np.testing.assert_allclose(losses, case["losses"], rtol=tolerance)
    assert sum(losses[-5:]) < 0.95 * sum(losses[:5]), "a network that does not learn would agree for nothing"
    for key, value in case["end"].items():
        np.testing.assert_allclose(net.params[key], value, rtol=10 * tolerance, atol=10 * tolerance)
