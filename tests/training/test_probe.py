"""Probes: rows sent through in pieces tell what rows sent through at once tell."""

from dataclasses import astuple

import numpy as np
import pytest

from trainlab.engine.probe_sums import Spread
from trainlab.training import probe as probing
from trainlab.training.experiment import read_plain
from trainlab.training.probe import Prober
from trainlab.training.setup import TrainingSetup, build


def setup() -> TrainingSetup:
    """A convolutional network with something random in it, whose rows do not depend on each other."""
    layers = [
        {"conv": 4},
        "relu",
        "max_pool",
        "flatten",
        {"dense": 12},
        "sigmoid",
        {"dropout": 0.5},
        {"dense": "output"},
    ]
    return build(
        read_plain(
            {
                "data": "digits",
                "model": {"name": "sequential", "layers": layers},
                "regularization": {"l2": 0.01},
                "train": {"engine": "numpy", "dtype": "float64"},
            }
        )
    )


@pytest.mark.parametrize("most", [40, 7])
def test_pieces_tell_what_the_whole_tells(monkeypatch, most):
    """In pieces of any size a light probe is the same; a deep one too, but for what dropout draws."""
    whole = Prober(setup())
    light, deep = whole.light(), whole.deep()
    assert len(whole._trained) == len(whole._evaluated) == 1

    numbers = sum(probing._numbers(node) for node in whole.net.all_nodes())
    monkeypatch.setattr(probing, "_AT_ONCE", most * numbers)
    pieces = Prober(setup())
    assert len(pieces._evaluated) == -(-256 // most)
    assert len(pieces._trained) == -(-256 // max(16, most))
    for one, other in zip(pieces.light().layers, light.layers, strict=True):
        assert astuple(one) == pytest.approx(astuple(other))
    again = pieces.deep()
    assert (again.eval_loss, again.zeroed_loss) == pytest.approx((deep.eval_loss, deep.zeroed_loss))
    assert again.loss == pytest.approx(deep.loss, rel=0.1)
    for one, other in zip(again.layers[:5], deep.layers[:5], strict=True):  # before dropout
        assert astuple(one)[:-1] == pytest.approx(astuple(other)[:-1])
    for one, other in zip(again.weights, deep.weights, strict=True):
        assert one.grad_norm == pytest.approx(other.grad_norm, rel=0.25)


def test_large_networks_keep_no_memory_between_probes(monkeypatch):
    """What a probe of a network takes that is too large for one piece is free afterwards."""
    monkeypatch.setattr(probing, "_AT_ONCE", 1)
    prober = Prober(setup())
    prober.light()
    assert prober._kept is None


def test_spread_is_that_of_all_rows():
    """Rows added piece by piece have the deviation of all of them together; equal rows have none."""
    rng = np.random.default_rng(0)
    rows = rng.normal(100.0, 3.0, size=(50, 6)).astype(np.float32)
    spread = Spread()
    for piece in np.split(rows, [1, 2, 20]):
        spread.add(piece)
    assert spread.deviation == pytest.approx(np.sqrt(rows.astype(np.float64).var(axis=0).mean()))
    same = Spread()
    for _ in range(3):
        same.add(np.full((4, 2), 0.1))
    assert same.deviation == pytest.approx(0.0, abs=1e-15)
