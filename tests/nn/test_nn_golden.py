"""Layers, activations and losses against torch 2.13: the numbers of tests/golden/nn.json (made by make_nn.py)."""

import json
from pathlib import Path

import numpy as np
import pytest
from layer_slots import slot_for

from trainlab.core.component import names
from trainlab.core.types import Task
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss, LossSlot

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "nn.json").read_text())
DTYPES = [(np.float64, 1e-10), (np.float32, 1e-5)]


def _label(case):
    return f"{case['name']}-{case['settings'] or ''}-{case.get('kind', '')}"


def _inner(slot, path):
    """The slot and the key of the param at `0.2.W`: branch 0, layer 2, W."""
    *places, key = path.split(".")
    for branch, layer in zip(places[::2], places[1::2], strict=True):
        slot = slot.branches[int(branch)][int(layer)][1]
    return slot, key


def _slot(case, dtype, train):
    x = np.array(case["x"])
    layer = Layer.read({"name": case["name"], **case["settings"]})
    slot = slot_for(layer, x.shape[1:], len(x), dtype=dtype, train=train)
    slot.x[...] = x
    for path, value in case["params"].items():
        inner, key = _inner(slot, path)
        assert inner.p[key].shape == np.shape(value)
        inner.p[key][...] = value
    return layer, slot


def close(got, want, tolerance):
    """Whether got is want, relative to the larger of 1 and the values."""
    np.testing.assert_allclose(got, np.array(want), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("case", GOLDEN["layers"], ids=_label)
def test_layer_agrees_with_torch(case, dtype, tolerance):
    """Output, input gradient, parameter gradients and running statistics are torch's."""
    layer, slot = _slot(case, dtype, train=True)
    layer.forward(slot)
    slot.dy[...] = case["dy"]
    layer.backward(slot)
    close(slot.y, case["y"], tolerance)
    close(slot.dx, case["dx"], tolerance)
    for path, want in case["grads"].items():
        inner, key = _inner(slot, path)
        close(inner.g[key], want, tolerance)
    for key, want in case["after"].items():
        close(slot.p[key], want, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("case", GOLDEN["evaluated"], ids=_label)
def test_evaluation_agrees_with_torch(case, dtype, tolerance):
    """In evaluation the output is torch's."""
    layer, slot = _slot(case, dtype, train=False)
    layer.forward(slot)
    close(slot.y, case["y"], tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("case", GOLDEN["losses"], ids=_label)
def test_loss_agrees_with_torch(case, dtype, tolerance):
    """Value, gradient and number of hits are torch's, with and without a gradient asked for."""
    y, t = np.array(case["y"], dtype), np.array(case["t"])
    t = t.astype(dtype) if t.dtype.kind == "f" else t
    loss = Loss.read({"name": case["name"], **case["settings"]})
    for dy in (np.full_like(y, np.nan), None):
        slot = LossSlot(y.copy(), t, dy)
        close(loss.value(slot), case["value"], tolerance)
        if dy is not None:
            close(dy, case["dy"], tolerance)
        if case["hits"] is not None:
            assert slot.hits == case["hits"]


def test_every_component_has_golden_numbers():
    """No layer, activation or loss is left out."""
    assert {c["name"] for c in GOLDEN["layers"] + GOLDEN["evaluated"]} == set(names(Layer))
    assert {c["name"] for c in GOLDEN["losses"]} == set(names(Loss))


def test_encoded_targets_are_what_the_golden_losses_take():
    """`encode` gives class indices, a column of 0 and 1, or rows of numbers."""
    classes, numbers = Task("classification", 2), Task("regression", 1)
    assert Loss.read("softmax_cross_entropy").encode(np.array([0, 1]), classes).tolist() == [0, 1]
    assert Loss.read("binary_cross_entropy").encode(np.array([0, 1]), classes).tolist() == [[0.0], [1.0]]
    assert Loss.read("mse").encode(np.array([0.5, 2.0]), numbers).tolist() == [[0.5], [2.0]]
