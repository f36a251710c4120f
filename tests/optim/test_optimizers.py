"""Optimizers: contract tests over the registry, golden paths from torch, and the laws of single rules."""

import numpy as np
import pytest
from moving import GOLDEN, bowl, golden_bowl, motion, walk
from pydantic import ValidationError

from trainlab.core.component import find, names, registered
from trainlab.engine.network import Net
from trainlab.nn.layer import Layer
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.optimizers.adagrad import Adagrad
from trainlab.optim.optimizers.adam import Adam
from trainlab.optim.optimizers.adamw import AdamW
from trainlab.optim.optimizers.momentum import Momentum
from trainlab.optim.optimizers.muon import Muon
from trainlab.optim.optimizers.nadam import NAdam
from trainlab.optim.optimizers.sgd import SGD
from trainlab.tools.contract.optim import LAWS

ALL = registered(Optimizer)
FIRST_ORDER = [cls for cls in ALL if not cls.full_batch]
BOWL = {  # a rate and a number of steps at which each rule has reached the minimum; others get (0.05, 1000)
    "sgd": (1.0, 1500),
    "momentum": (0.3, 500),
    "nesterov": (0.3, 500),
    "adagrad": (0.5, 600),
    "adadelta": (10.0, 3000),
    "rmsprop": (0.01, 1500),
    "adam": (0.05, 600),
    "adamw": (0.05, 600),
    "nadam": (0.05, 600),
    "lbfgs": (1.0, 25),
}


def named(cls):
    """The component's name, as the test's id."""
    return cls.name


def test_all_there():
    """Every optimizer of the contract exists."""
    want = {"adadelta", "adagrad", "adam", "adamw", "lbfgs", "momentum", "nadam", "nesterov", "rmsprop", "sgd"}
    assert want <= {cls.name for cls in ALL}
    assert [cls.name for cls in ALL] == names(Optimizer)


@pytest.mark.parametrize("cls", ALL, ids=named)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_bowl(cls, dtype):
    """Every optimizer comes down an ill-conditioned bowl to a thousandth of the loss, in both float types."""
    land = bowl(dtype=dtype)
    lr, steps = BOWL.get(cls.name, (0.05, 1000))
    settings = {"weight_decay": 0.0} if cls.name == "adamw" else {}
    path = walk(cls(lr=lr, **settings), land, steps)
    assert path[-1].dtype == np.dtype(dtype)
    assert land.value(path[-1]) < 1e-3 * land.value(land.start)


@pytest.mark.parametrize("cls", ALL, ids=named)
@pytest.mark.parametrize("law", LAWS["optimizer"], ids=lambda law: law.__name__)
def test_law(cls, law):
    """The laws that plugins are checked by: what a step may write, its rate, what a resume needs."""
    assert list(law(cls())) == []


@pytest.mark.parametrize("cls", ALL, ids=named)
def test_settings(cls):
    """Settings are frozen, unknown ones and a negative rate are errors, and the first setting is the rate."""
    optimizer = cls()
    with pytest.raises(ValidationError) as caught:
        optimizer.lr = 1.0
    assert caught.value.errors()[0]["type"] == "frozen_instance"
    with pytest.raises(ValidationError) as caught:
        cls(learning_rate=1.0)
    assert caught.value.errors()[0]["type"] == "extra_forbidden"
    with pytest.raises(ValidationError) as caught:
        cls(lr=-1.0)
    assert caught.value.errors()[0]["type"] == "greater_than_equal"
    assert Optimizer.read({cls.name: 0.5}).lr == 0.5
    assert "Source:" in cls.__doc__


@pytest.mark.parametrize("case", GOLDEN["optimizers"], ids=lambda c: f"{c['name']}-{len(c['settings'])}")
@pytest.mark.parametrize(("dtype", "rtol"), [("f4", 1e-5), ("f8", 1e-10)])
def test_torch(case, dtype, rtol):
    """Twenty steps are those of torch 2.13, biases not decayed."""
    optimizer = find(Optimizer, case["name"])(**case["settings"])
    got = walk(optimizer, golden_bowl(dtype), 20, GOLDEN["bowl"]["weights"])
    want = case["float32" if dtype == "f4" else "float64"]
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * 0.1)


@pytest.mark.parametrize("case", GOLDEN["muon"], ids=range(len(GOLDEN["muon"])))
def test_muon_is_torchs(case):
    """Ten steps of a matrix are those of torch 2.13's Muon, which computes in bfloat16, made to compute in float64."""
    optimizer, start = Muon(**case["settings"]), np.array(case["start"])
    state = motion(optimizer, start.ravel().copy())
    state.matrices = [(slice(0, start.size), start.shape, 1)]
    for want in case["path"]:
        state.t += 1
        state.g[...] = (state.theta - 1) ** 3
        optimizer.take(state)
        state.theta += state.step
        np.testing.assert_allclose(state.theta.reshape(start.shape), want, rtol=1e-6)


def test_muon_acts_on_hidden_matrices():
    """Of a network it moves all weights but the last layer's; that one and the biases get AdamW's step."""
    net = Net([Layer.read(spec) for spec in ({"conv": 2}, "flatten", {"dense": 3}, {"dense": 2})], (4, 4, 1))
    places = net.hidden_matrices()
    assert [(shape, networks) for _, shape, networks in places] == [((9, 2), 1), ((4 * 4 * 2, 3), 1)]
    optimizer = Muon(lr=0.1)
    steps = []
    for one in (optimizer, AdamW(lr=0.1, weight_decay=0.1)):
        state = motion(one, np.ones(net.theta.size), net.weights)
        state.g[...] = np.random.default_rng(0).normal(size=state.g.size)
        state.t, state.matrices = 1, places
        one.take(state)
        steps.append(state.step)
    inside = np.zeros(net.theta.size, bool)
    for place, *_ in places:
        inside[place] = True
    assert (steps[0] == steps[1]).tolist() == (~inside).tolist()


def test_muon_of_networks_side_by_side():
    """Each network's matrix is made orthogonal by itself: the steps are those of the networks alone."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(2, 3, 4))
    steps = []
    for g, matrices in (
        (np.hstack(list(gradients)).ravel(), [(slice(0, 24), (3, 8), 2)]),
        (gradients.ravel(), [(slice(0, 12), (3, 4), 1), (slice(12, 24), (3, 4), 1)]),
    ):
        state = motion(Muon(lr=0.1), np.ones(24))
        state.t, state.matrices, state.g[...] = 1, matrices, g
        Muon(lr=0.1).take(state)
        steps.append(state.step)
    assert steps[0].reshape(3, 8) == pytest.approx(np.hstack(list(steps[1].reshape(2, 3, 4))))


def test_factors_on_the_rate():
    """By role: biases and shifts share a factor, weights have none."""
    factors = Adam(lr_factors={"bias": 0.1, "scale": 6.0}).lr_factors
    got = {role: factors.of(role) for role in ("weight", "bias", "shift", "scale", "slope", "periodic")}
    assert got == {"weight": 1, "bias": 0.1, "shift": 0.1, "scale": 6, "slope": 1, "periodic": 1}
    with pytest.raises(ValidationError, match="leave out `lr_factors`"):
        find(Optimizer, "lbfgs")(lr_factors={"bias": 0.1})


def test_adam_first_step():
    """Adam's first step is lr against the sign of the gradient, whatever its size."""
    m = motion(Adam(lr=0.1), np.zeros(4))
    m.g[...], m.t = [1e-3, -5.0, 400.0, 0.0], 1
    Adam().update(m)
    np.testing.assert_allclose(m.step, [-0.1, 0.1, -0.1, 0.0], rtol=2e-5)


def test_momentum_gathers():
    """In a steady direction momentum's step tends to lr g / (1 - mu)."""
    optimizer = Momentum(lr=0.1, momentum=0.8)
    m = motion(optimizer, np.zeros(1))
    for m.t in range(1, 101):
        m.g[...] = 2.0
        optimizer.update(m)
    assert m.step[0] == pytest.approx(-0.1 * 2.0 / 0.2)


def test_momentum_without_memory():
    """With mu = 0 momentum is plain SGD."""
    got, want = (walk(o, bowl(), 5) for o in (Momentum(lr=0.3, momentum=0.0), SGD(lr=0.3)))
    np.testing.assert_array_equal(got, want)


def test_adagrad_slows_down():
    """Under a constant gradient Adagrad's t-th step is lr / sqrt(t)."""
    optimizer = Adagrad(lr=0.5)
    m = motion(optimizer, np.zeros(1))
    for m.t in range(1, 10):
        m.g[...] = 3.0
        optimizer.update(m)
    assert m.step[0] == pytest.approx(-0.5 / 3)


def test_adamw_decays_apart():
    """Without a gradient AdamW still shrinks the weights, by lr weight_decay, and leaves the biases alone."""
    m = motion(AdamW(), np.array([2.0, -4.0, 2.0]), weights=2)
    m.lr, m.t = 0.1, 1
    AdamW(weight_decay=0.5).update(m)
    np.testing.assert_allclose(m.step, [-0.1, 0.2, 0.0], rtol=1e-12)


def test_nadam_long_run():
    """NAdam's product of momenta, closed form, is the plain product at any step."""
    optimizer = NAdam(b1=0.99, momentum_decay=0.02)
    product = 1.0
    for t in range(1, 3001):
        product *= 0.99 * (1 - 0.5 * 0.96 ** (0.02 * t))
        if t in (1, 2, 10, 100, 1000, 3000):
            m = motion(optimizer, np.zeros(1))
            m.g[...], m.t, m.lr = 0.0, t, 1.0
            m.buffers["m"][...] = 1.0  # a gradient of 0 multiplies it by b1
            m.buffers["v"][...] = 1 - 0.999**t  # v_hat = 1, apart from the factor b2
            optimizer.update(m)
            mu_next = 0.99 * (1 - 0.5 * 0.96 ** (0.02 * (t + 1)))
            want = -mu_next * 0.99 / (1 - product * mu_next) / np.sqrt(0.999)
            assert m.step[0] == pytest.approx(want, rel=1e-7)


def test_buffers_are_the_textbooks_vectors():
    """After two gradients, Adam holds m and v of the paper, RMSprop the mean square."""
    first, second = np.array([1.0, -2.0]), np.array([3.0, 0.5])
    for name, wanted in {
        "adam": {"m": 0.9 * 0.1 * first + 0.1 * second, "v": 0.999 * 0.001 * first**2 + 0.001 * second**2},
        "rmsprop": {"s": 0.99 * 0.01 * first**2 + 0.01 * second**2},
    }.items():
        optimizer = find(Optimizer, name)()
        m = motion(optimizer, np.zeros(2))
        for m.t, g in enumerate((first, second), start=1):
            m.g[...] = g
            optimizer.update(m)
        assert set(m.buffers) == set(wanted)
        for key, want in wanted.items():
            np.testing.assert_allclose(m.buffers[key], want, rtol=1e-12)


@pytest.mark.parametrize(("name", "factors"), [
    ("adam", {"m": 0.1, "v": 0.001}),
    ("adamw", {"m": 0.1, "v": 0.001}),
    ("nadam", {"m": 0.1, "v": 0.001}),
    ("rmsprop", {"s": 0.01}),
    ("momentum", {"v": 1.0}),
])  # fmt: skip
def test_buffers_of_version_1_are_converted(name, factors):
    """Version 1 of a checkpoint held m / (1 - b1) and the like."""
    optimizer = find(Optimizer, name)()
    buffers = {key: np.array([1.0, -2.0]) for key in optimizer.buffers}
    optimizer.convert_version_1(buffers)
    assert set(buffers) == set(factors)
    for key, factor in factors.items():
        np.testing.assert_allclose(buffers[key], factor * np.array([1.0, -2.0]), rtol=1e-12)
