"""Inits: the variance they promise, and that it carries a signal through thirty layers."""

import numpy as np
import pytest
from layer_slots import slot_for

from trainlab.core.component import names
from trainlab.core.streams import Streams
from trainlab.engine.network import Net
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer
from trainlab.nn.models.sequential import Sequential

N_IN, N_OUT = 300, 500


def drawn(spelled, shape=(N_IN, N_OUT), fan_in=N_IN, fan_out=N_OUT, seed=0, dtype=np.float64):
    """Weights of this init."""
    W = np.full(shape, np.nan, dtype)
    Init.read(spelled).fill(W, fan_in, fan_out, np.random.default_rng(seed))
    return W


# (init, variance): formulas from the papers named on the classes
VARIANCES = [
    ("zeros", 0),
    ({"constant": 0.5}, 0),
    ("normal", 1e-4),
    ({"normal": 0.3}, 0.09),
    ({"uniform": 0.6}, 0.12),
    ("xavier", 2 / 800),
    ({"xavier": "fan_in"}, 1 / 300),
    ({"name": "xavier", "gain": 3.0}, 18 / 800),
    ({"xavier": "fan_out"}, 1 / 500),
    ({"name": "xavier", "distribution": "normal"}, 2 / 800),
    ("he", 2 / 300),
    ({"he": "fan_avg"}, 4 / 800),
    ({"he": "fan_out"}, 2 / 500),
    ({"name": "he", "distribution": "uniform"}, 2 / 300),
    ("lecun", 1 / 300),
    ({"lecun": "uniform"}, 1 / 300),
    ("orthogonal", 1 / 500),
    ({"orthogonal": 2.0}, 4 / 500),
    ("lsuv", 1 / 500),
]


@pytest.mark.parametrize(("spelled", "variance"), VARIANCES, ids=str)
def test_variance(spelled, variance):
    """The weights have the variance of the formula, and mean 0 unless they are constant."""
    W = drawn(spelled)
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert W.mean() == pytest.approx(0.5 if spelled == {"constant": 0.5} else 0, abs=0.01)


def test_every_init_has_its_variance():
    """A new init needs a line in VARIANCES."""
    assert {next(iter(s)) if isinstance(s, dict) and "name" not in s else _name(s) for s, _ in VARIANCES} == set(
        names(Init)
    )


def _name(spelled):
    return spelled["name"] if isinstance(spelled, dict) else spelled


@pytest.mark.parametrize(
    "spelled", ["xavier", {"lecun": "uniform"}, {"name": "he", "distribution": "uniform"}], ids=str
)
def test_uniform_is_bounded(spelled):
    """A uniform draw stays within sqrt(3) standard deviations, a normal one does not."""
    W = drawn(spelled)
    assert np.abs(W).max() <= np.sqrt(3) * W.std() * 1.02
    normal = drawn("lecun")
    assert np.abs(normal).max() > 3 * normal.std()


@pytest.mark.parametrize("name", names(Init))
def test_same_stream_same_weights(name):
    """An init draws from the given stream alone: the same seed gives the same weights, in either float type."""
    spelled = {name: 0.1} if name == "constant" else name
    np.testing.assert_array_equal(drawn(spelled), drawn(spelled))
    np.testing.assert_allclose(drawn(spelled, dtype=np.float32), drawn(spelled), rtol=1e-6)
    if name not in ("zeros", "constant"):
        assert (drawn(spelled) != drawn(spelled, seed=1)).any()


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 3, 2, 5), (1, 1, 2, 5)])
def test_orthogonal(shape):
    """The fewer of inputs and units are orthonormal, for filters too."""
    W = drawn("orthogonal", shape).reshape(-1, shape[-1])
    small = W @ W.T if len(W) < W.shape[1] else W.T @ W
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)


def spread(init, activation, layers=30, units=256, rows=512):
    """Standard deviations of x and of the activations of a deep network, and the corrections of each layer."""
    rng = np.random.default_rng(0)
    init = Init.read(init)
    dense, act = Layer.read({"dense": units}), Layer.read(activation)
    s, a = slot_for(dense, (units,), rows), slot_for(act, (units,), rows)
    x = rng.normal(size=(rows, units))
    stds, passes = [1.0], []
    for _ in range(layers):
        init.fill(s.p["W"], units, units, rng)
        s.x[...] = x
        dense.forward(s)
        done = 0
        while init.calibrate(s.p["W"], float(s.y.std()), done):
            dense.forward(s)
            done += 1
        passes.append(done)
        a.x[...] = s.y
        act.forward(a)
        x = a.y.copy()
        stds.append(float(x.std()))
    return np.array(stds), passes


XAVIER_TANH = {"name": "xavier", "gain": 5 / 3}


@pytest.mark.parametrize(("init", "activation"), [
    ("he", "relu"), ("he", "leaky_relu"), ("xavier", "identity"), (XAVIER_TANH, "tanh"), ("lecun", "selu"),
    ("lsuv", "relu"), ("lsuv", "tanh"), ("lsuv", "elu"), ("lsuv", "selu"),
])  # fmt: skip
def test_signal_survives_thirty_layers(init, activation):
    """The standard deviation after each of 30 layers is between 0.5 and 2."""
    stds, _ = spread(init, activation)
    assert np.all(stds > 0.5)
    assert np.all(stds < 2.0)


@pytest.mark.parametrize(("init", "activation"), [({"normal": 0.01}, "tanh"), ({"normal": 0.01}, "relu")], ids=str)
def test_small_random_weights_lose_the_signal(init, activation):
    """With weights of N(0, 0.01^2) the signal is gone after a few layers, as the lecture says."""
    stds, _ = spread(init, activation, layers=10)
    assert stds[10] < 1e-6


def test_xavier_halves_the_signal_under_relu():
    """Xavier loses half of the variance in each relu layer, where he keeps it."""
    stds, _ = spread("xavier", "relu", layers=20)
    assert stds[20] ** 2 < 1e-4
    assert spread("he", "relu", layers=20)[0][20] > 0.3


def test_lsuv_settles():
    """LSUV brings each layer's output to its target within its tolerance, and says when it is done."""
    _, passes = spread({"name": "lsuv", "target": 2.0}, "relu", layers=5)
    assert all(1 <= done <= 3 for done in passes)
    lsuv = Init.read({"name": "lsuv", "target": 2.0, "tolerance": 0.1, "passes": 3})
    W = np.ones((2, 2))
    assert lsuv.calibrate(W, 4.0, 0)
    np.testing.assert_array_equal(W, 0.5)
    assert not lsuv.calibrate(W, 2.1, 1)
    assert not lsuv.calibrate(W, 4.0, 3)
    assert not lsuv.calibrate(W, 0.0, 0)
    assert not lsuv.calibrate(W, float("nan"), 0)
    assert not Init.read("he").calibrate(W, 4.0, 0)
    np.testing.assert_array_equal(W, 0.5)


def test_ntk_gives_the_same_function():
    """With `ntk` an init draws weights that are sqrt(n_in) times as large, so the outputs have the same spread."""
    rng = np.random.default_rng(0)
    x, spread = rng.normal(size=(500, 64)), {}
    for ntk in (False, True):
        layers = [Layer.read({"name": "dense", "units": 64, "ntk": ntk}), Layer.read("relu"), Layer.read({"dense": 3})]
        net = Net(layers, (64,), dtype="float64")
        net.initialize(Sequential(layers=layers), Streams(0))
        work = net.workspace(len(x), train=False)
        work.x[...] = x
        work.forward()
        spread[ntk] = work.slots["dense1"].y.std(), net.params["dense1.W"].std()
    assert spread[True][0] == pytest.approx(spread[False][0], rel=0.05)
    assert spread[True][1] == pytest.approx(8 * spread[False][1], rel=0.05)


def test_biases_can_be_drawn():
    """`bias_init` is a number or an init, which draws each layer's biases from a stream of their own."""
    layers = [Layer.read({"name": "dense", "units": 2000}), Layer.read({"name": "dense", "units": 2000})]
    net = Net(layers, (5,))
    net.initialize(Sequential.model_validate({"layers": layers, "bias_init": {"normal": 0.5}}), Streams(0))
    one, other = net.params["dense1.b"], net.params["dense2.b"]
    assert (one.std(), other.std()) == (pytest.approx(0.5, rel=0.05), pytest.approx(0.5, rel=0.05))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1
    net.initialize(Sequential.model_validate({"layers": layers, "bias_init": 0.25}), Streams(0))
    assert (net.params["dense1.b"] == 0.25).all()
