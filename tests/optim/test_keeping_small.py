"""Regularizers and clipping: penalties and their gradients agree, limits hold, and torch does the same."""

import math

import numpy as np
import pytest

from trainlab.core.component import names, registered
from trainlab.optim.clipping import clip
from trainlab.optim.regularizer import Regularization, Regularizer
from trainlab.optim.regularizers.l1 import L1
from trainlab.optim.regularizers.l2 import L2
from trainlab.optim.regularizers.max_norm import MaxNorm

ALL = registered(Regularizer)


def named(cls):
    """The component's name, as the test's id."""
    return cls.name


def made(cls, value=0.3):
    """A regularizer of this strength."""
    return cls.model_validate({cls.first: value})


def test_all_there():
    """Every regularizer of the contract exists, and each has its field in the config block."""
    assert names(Regularizer) == ["l1", "l2", "max_norm"]
    assert sorted(f for f in Regularization.model_fields if not f.endswith(("_by_layer", "_schedule"))) == names(
        Regularizer
    )


@pytest.mark.parametrize("cls", ALL, ids=named)
def test_gradient(cls):
    """The gradient is that of the penalty, by a central difference in random directions."""
    part, rng = made(cls), np.random.default_rng(0)
    w, g = rng.normal(size=50), np.zeros(50)
    part.add_gradient(w, g)
    assert (np.abs(g).max() > 0) == cls.penalizes
    for _ in range(3):
        d = 1e-7 * rng.normal(size=50)
        got = part.penalty(w + d) - part.penalty(w - d)
        assert got == pytest.approx(2 * float(g @ d), rel=1e-5, abs=1e-15)


@pytest.mark.parametrize("cls", ALL, ids=named)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_adds_in_place(cls, dtype):
    """The gradient is added to what is there, in its own type; only a limit changes the weights."""
    part, w = made(cls), np.array([1.0, -2.0, 0.0, 3.0], dtype)
    kept, alone, g = w.copy(), np.zeros(4, dtype), np.full(4, 7, dtype)
    part.add_gradient(w, alone)
    part.add_gradient(w, g)
    np.testing.assert_allclose(g, alone + 7, rtol=1e-6)
    np.testing.assert_array_equal(w, kept)
    W = w.reshape(2, 2)
    part.constrain(W)
    assert np.array_equal(W, kept.reshape(2, 2)) != cls.constrains
    assert type(part.penalty(w)) is float


def test_by_hand():
    """0.5 l2 |w|^2 and l1 sum |w| for (1, -2, 0)."""
    w = np.array([1.0, -2.0, 0.0])
    assert L2(strength=0.1).penalty(w) == pytest.approx(0.25)
    assert L1(strength=0.1).penalty(w) == pytest.approx(0.3)
    for part, want in ((L2(strength=0.1), [0.1, -0.2, 0.0]), (L1(strength=0.1), [0.1, -0.1, 0.0])):
        g = np.zeros(3)
        part.add_gradient(w, g)
        np.testing.assert_allclose(g, want)


def test_l1_long():
    """The sum over many weights is whole."""
    assert L1(strength=1.0).penalty(np.full(20_001, -0.5)) == pytest.approx(10_000.5)


def test_max_norm_limits():
    """Units that are too long get the limit as their length and keep their direction; the others are not touched."""
    rng = np.random.default_rng(0)
    W = rng.normal(size=(3, 3, 4, 10)) * np.linspace(0.01, 2, 10)
    before = W.copy()
    MaxNorm(limit=3.0).constrain(W)
    was, now = (np.linalg.norm(a.reshape(-1, 10), axis=0) for a in (before, W))
    np.testing.assert_allclose(now, np.minimum(was, 3.0), rtol=1e-12)
    assert 0 < (was > 3).sum() < 10
    np.testing.assert_array_equal(W[..., was <= 3], before[..., was <= 3])
    np.testing.assert_allclose(W / now, before / was, rtol=1e-12)


def test_max_norm_of_nothing():
    """Weights that are all zero stay zero."""
    W = np.zeros((3, 2))
    MaxNorm(limit=1.0).constrain(W)
    np.testing.assert_array_equal(W, np.zeros((3, 2)))


def test_parts():
    """Only what is switched on takes part."""
    assert Regularization().parts() == []
    assert Regularization(l2=1e-4).parts() == [L2(strength=1e-4)]
    assert Regularization(l2=1e-4, l1=1e-5, max_norm=3.0).parts() == [
        L2(strength=1e-4),
        L1(strength=1e-5),
        MaxNorm(limit=3.0),
    ]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_clip(dtype):
    """A gradient that is too long gets the limit as its length, a shorter one is left; the old length is returned."""
    g = np.array([3.0, -4.0, 12.0], dtype)
    assert clip(g, 20.0) == 13.0
    np.testing.assert_array_equal(g, [3.0, -4.0, 12.0])
    assert clip(g, 6.5) == 13.0
    np.testing.assert_allclose(g, [1.5, -2.0, 6.0], rtol=1e-6)
    assert g.dtype == np.dtype(dtype)


def test_clip_huge():
    """Squares that overflow float32 do not."""
    g = np.array([3e30, 4e30], "f4")
    with np.errstate(over="ignore"):
        assert clip(g, 1.0) == pytest.approx(5e30, rel=1e-6)
    np.testing.assert_allclose(g, [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_clip_not_finite(bad):
    """A gradient that is not finite is left for the monitors to find."""
    g = np.array([1.0, bad])
    assert not math.isfinite(clip(g, 0.1))
    np.testing.assert_array_equal(g, [1.0, bad])
