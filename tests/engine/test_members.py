"""Ensembles inside one network: members are trained as networks of their own, and answer together."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from trainlab.core.component import make
from trainlab.core.errors import ShapeError
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.engine.compiled.library import load
from trainlab.engine.evaluator import Evaluator
from trainlab.engine.members import with_members
from trainlab.engine.network import Net
from trainlab.engine.trainer import Trainer
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.nn.model import Model
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.schedule import Schedule

MEMBERS, INPUTS, ROWS, UNITS = 3, 5, 28, 5  # units of a member: 2.5 / 3 of 6
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, INPUTS))
CLASSES = RNG.integers(0, 4, ROWS)
TARGETS = {
    "softmax_cross_entropy": (CLASSES, 4),
    "mse": (RNG.normal(size=(ROWS, 2)), 2),
    "binary_cross_entropy": (RNG.integers(0, 2, (ROWS, 3)).astype(float), 3),
    "poisson": (RNG.poisson(2.0, (ROWS, 2)).astype(float), 2),
    "msle": (RNG.poisson(2.0, (ROWS, 2)).astype(float), 2),
    "pinball": (RNG.normal(size=(ROWS, 2)), 6),
    "hinge": (CLASSES, 4),
    "squared_hinge": (2 * np.eye(4)[CLASSES] - 1, 4),
    "ordinal": (CLASSES, 3),
}
TASK = Task("classification", 4)
TASKS = {
    "binary_cross_entropy": Task("multilabel", 3),
    **dict.fromkeys(["mse", "msle", "poisson", "pinball"], Task("regression", 2)),
}
NAMES = {"member_input1": "dense1", "member_dense1": "dense2", "member_dense2": "dense3", "batch_norm1": "batch_norm1"}


def network(layers, members=1, dtype="float64", engine="auto"):
    """A network of these layers as YAML has them, with weights drawn."""
    read = [Layer.read(layer) for layer in layers]
    net = Net(with_members(read, (INPUTS,), members), (INPUTS,), dtype=dtype, engine=engine)
    net.initialize(make(Model, "mlp"), Streams(1))
    return net


def mlp(units, outputs, norm=()):
    """Two hidden layers."""
    return [{"dense": units}, *norm, "tanh", {"dense": units}, "silu", {"dense": outputs}]


def alone(net, member, units, outputs, norm=()):
    """A plain network with the weights of one member."""
    made = network(mlp(units, outputs, norm), dtype=str(net.dtype))
    for name, a in net.params.items():
        layer, _, key = name.rpartition(".")
        made.params[f"{NAMES[layer]}.{key}"][...] = np.split(a, MEMBERS, axis=-1)[member]
    return made


def trainer(net, loss, t, optimizer, weights=None, steps=12):
    """The trainer of a network after some steps; the last batch of an epoch is shorter."""
    recipe = TrainingConfig(
        loss=make(Loss, loss),
        optimizer=Optimizer.read(optimizer),
        schedule=make(Schedule, "constant"),
        epochs=100,
        batch_size=8,
        regression=loss in ("mse", "msle", "poisson", "pinball"),
    )
    t = t.astype(net.dtype) if t.dtype.kind == "f" else t
    made = Trainer(net, recipe, X.astype(net.dtype), t, Streams(2), weights)
    assert made.advance(steps) == steps
    return made


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", list(TARGETS))
def test_members_are_trained_as_networks_of_their_own(loss, weighted, engine):
    """Every member ends with the weights that it reaches alone, on either backend.

    The loss is the mean of the members' losses, so each one's gradient is a third of its own: it takes three times the
    learning rate.
    """
    dtype, tolerance = ("float32", 2e-4) if engine == "compiled" else ("float64", 1e-9)
    t, outputs = TARGETS[loss]
    weights = RNG.uniform(0.5, 2, ROWS).astype(dtype) if weighted else None
    together = network(mlp(6, outputs), MEMBERS, dtype, engine)
    units = UNITS
    apart = [alone(together, member, units, outputs) for member in range(MEMBERS)]
    start = together.theta.copy()
    got = trainer(together, loss, t, {"momentum": 0.03 * MEMBERS}, weights)
    records, hits, squares = [], 0.0, 0.0
    for member, net in enumerate(apart):
        one = trainer(net, loss, t, {"momentum": 0.03}, weights)
        records.append(one.records[:12, 0])
        hits += one.sums.hits / MEMBERS
        squares += one.sums.squares / MEMBERS
        want = alone(together, member, units, outputs)
        np.testing.assert_allclose(want.theta, net.theta, rtol=tolerance, atol=tolerance)

    assert np.abs(together.theta - start).max() > 0.01
    np.testing.assert_allclose(got.records[:12, 0], np.mean(records, axis=0), rtol=tolerance)
    np.testing.assert_allclose([got.sums.hits, got.sums.squares], [hits, squares], rtol=10 * tolerance)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_same_bits_on_any_number_of_threads(threads):
    """Wide members, which threads share."""
    bits = []
    for number in (1, threads):
        net = network(mlp(300, 40), MEMBERS, "float32", "compiled")
        load().threads(number)
        try:
            trainer(net, "softmax_cross_entropy", CLASSES, {"momentum": 0.1})
        finally:
            load().threads(1)
        bits.append(net.theta.tobytes())
    assert bits[0] == bits[1]


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_batch_norm_works_in_each_member(engine):
    """Running statistics and outputs are those of the members alone."""
    norm = ["batch_norm"]
    net = network(mlp(6, 4, norm), MEMBERS, "float32", engine)
    members = [alone(net, member, UNITS, 4, norm) for member in range(MEMBERS)]
    trainer(net, "softmax_cross_entropy", CLASSES, {"momentum": 0.03 * MEMBERS})
    for member, one in enumerate(members):
        trainer(one, "softmax_cross_entropy", CLASSES, {"momentum": 0.03})
        want = alone(net, member, UNITS, 4, norm).params
        for key in ("batch_norm1.mean", "batch_norm1.var", "dense3.W"):
            np.testing.assert_allclose(one.params[key], want[key], rtol=2e-3, atol=2e-4)


def probabilities(loss, y):
    """By SciPy: of the classes, labels or levels; None where the loss defines none."""
    if loss == "softmax_cross_entropy":
        return softmax(y, axis=1)
    if loss == "binary_cross_entropy":
        return expit(y)
    if loss == "ordinal":
        above = np.cumprod(expit(y), axis=1)
        return -np.diff(above, axis=1, prepend=1, append=0)
    return None


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("loss", list(TARGETS))
def test_the_ensemble_predicts_the_mean(loss, engine):
    """Probabilities are the mean of the members', and so are numbers; other outputs are averaged as they are."""
    dtype, tolerance = ("float32", 1e-5) if engine == "compiled" else ("float64", 1e-12)
    _, outputs = TARGETS[loss]
    net = network(mlp(6, outputs), MEMBERS, dtype, engine)
    net.theta *= 3  # members that disagree
    kind = make(Loss, loss)
    task = TASKS.get(loss, TASK)
    got = Evaluator(net, kind, task).outputs(X.astype(dtype))
    each = []
    for member in range(MEMBERS):
        one = alone(net, member, UNITS, outputs)
        each.append(Evaluator(one, kind, task).outputs(X.astype(dtype)))

    assert got.shape == (ROWS, outputs)
    if loss == "poisson":
        got, want = np.exp(got), np.mean(np.exp(each), axis=0)
    elif loss == "msle":
        want = np.mean(np.maximum(each, 0), axis=0)
    elif loss == "pinball":
        want = np.mean(np.sort(np.reshape(each, (MEMBERS, ROWS, 2, 3)), axis=3), axis=0).reshape(ROWS, 6)
    elif (shares := [probabilities(loss, y) for y in each])[0] is not None:
        got, want = probabilities(loss, got), np.mean(shares, axis=0)
    else:
        want = np.mean(each, axis=0)
    assert np.std(each, axis=0).max() > 0.01, "members that agree would prove nothing"
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def test_the_score_is_that_of_the_mean():
    """Loss and accuracy in evaluation are those of the averaged probabilities, not the members' mean."""
    net = network(mlp(6, 4), MEMBERS)
    net.theta *= 3
    kind = make(Loss, "softmax_cross_entropy")
    evaluator = Evaluator(net, kind, TASK)
    each = [Evaluator(alone(net, m, UNITS, 4), kind, TASK).outputs(X) for m in range(MEMBERS)]
    p = np.mean([softmax(y, axis=1) for y in each], axis=0)
    found = evaluator.scores(X, CLASSES)

    assert found.loss == pytest.approx(-np.log(p[np.arange(ROWS), CLASSES]).mean())
    assert found.score == pytest.approx(np.mean(p.argmax(axis=1) == CLASSES))


def test_members_start_as_they_would_alone():
    """An orthogonal init makes each member's own weights orthogonal."""
    layers = [Layer.read(layer) for layer in mlp(8, 4)]
    net = Net(with_members(layers, (INPUTS,), 4), (INPUTS,), dtype="float64")
    net.initialize(make(Model, "mlp", init="orthogonal"), Streams(0))
    for name in ("member_input1.W", "member_dense1.W"):
        for W in np.split(net.params[name], 4, axis=-1):
            gram = W.T @ W if len(W) >= W.shape[1] else W @ W.T
            np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_layers_before_the_first_dense_one_are_shared(engine):
    """Members of a cnn share its convolutions."""
    shape = (6, 6, 2)
    layers = make(Model, "cnn", filters=[3], hidden=[8]).expand(shape)
    net = Net(with_members([layer.sized(4) for layer in layers], shape, 2), shape, engine=engine)
    kinds = [node.layer.name for node in net.nodes]

    assert net.members == 2
    assert net.out_shape == (8,)
    assert kinds[0] == "conv"
    assert "member_input" in kinds
    assert "dense" not in kinds


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["flatten"], "members of an ensemble need a `dense` layer as the last one with weights"),
        ([{"dense": 4}, {"maxout": 4}], "members of an ensemble need a `dense` layer as the last one with weights"),
        ([{"dense": 4}, "softmax", {"dense": 4}], "softmax1 cannot be divided among the members of an ensemble"),
        ([{"dense": 4}, {"drop_connect": 4}, {"dense": 4}], "drop_connect1 cannot be divided among the members"),
    ],
)
def test_what_cannot_be_divided_is_refused(layers, message):
    """The error names the layer."""
    with pytest.raises(ShapeError, match=message):
        with_members([Layer.read(layer) for layer in layers], (INPUTS,), 2)


def test_layer_norm_normalizes_each_member():
    """A layer norm among members is a group norm with a group for each."""
    made = with_members([Layer.read(x) for x in [{"dense": 4}, "layer_norm", {"dense": 4}]], (INPUTS,), 2)
    assert made[1] == make(Layer, "group_norm", groups=2)
    inner = {"residual": {"layers": [{"dense": 4}, "layer_norm", "relu", {"dense": 4}]}}
    made = with_members([Layer.read(x) for x in [{"dense": 4}, inner, {"dense": 3}]], (INPUTS,), 2)
    assert [layer.name for layer in made[1].layers] == ["member_dense", "group_norm", "relu", "member_dense"]


def test_mixed_numbers_of_members_are_refused():
    """A network has one number of members."""
    layers = [make(Layer, "member_input", members=2, units=6), make(Layer, "member_dense", members=3, units=2)]
    with pytest.raises(ShapeError, match="member_input1 has 2 and member_dense1 has 3"):
        Net(layers, (INPUTS,))
