"""Training steps against the same arithmetic written out by hand; state and memory."""

import tracemalloc

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.engine.evaluator import Evaluator, r2
from trainlab.engine.network import Net
from trainlab.engine.trainer import Trainer
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.activations.tanh import Tanh
from trainlab.nn.init import Init
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.loss import Loss
from trainlab.nn.models.sequential import Sequential
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularization
from trainlab.optim.schedule import Schedule

X = np.random.default_rng(0).normal(size=(37, 5))
T = np.random.default_rng(1).integers(0, 3, 37)


def trainer(*, layers=None, optimizer="sgd", lr=0.1, dtype="float64", loss="softmax_cross_entropy", t=T, **recipe):
    layers = layers or [Dense(units=4), Tanh(), Dense(units=3)]
    net = Net(layers, (5,), dtype=dtype)
    net.initialize(Sequential(layers=layers, init=make(Init, "normal", std=0.5)), Streams(7))
    made = TrainingConfig(
        loss=make(Loss, loss),
        optimizer=make(Optimizer, optimizer, lr=lr),
        schedule=recipe.pop("schedule", make(Schedule, "constant")),
        epochs=4,
        batch_size=recipe.pop("batch_size", 8),
        **recipe,
    )
    return Trainer(net, made, X.astype(dtype), t, Streams(7))


def by_hand(start, order, steps, lr, l2=0.0, clip=None):
    """Three matrices and a softmax, from the formulas."""
    p = {k: v.copy() for k, v in start.items()}
    for step in range(steps):
        rows = order[step]
        x, t = X[rows], T[rows]
        h = np.tanh(x @ p["dense1.W"] + p["dense1.b"])
        z = h @ p["dense2.W"] + p["dense2.b"]
        q = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        dz = (q - np.eye(3)[t]) / len(rows)
        dh = dz @ p["dense2.W"].T * (1 - h * h)
        g = {"dense1.W": x.T @ dh, "dense1.b": dh.sum(0), "dense2.W": h.T @ dz, "dense2.b": dz.sum(0)}
        for k in ("dense1.W", "dense2.W"):
            g[k] = g[k] + l2 * p[k]
        norm = np.sqrt(sum((a * a).sum() for a in g.values()))
        scale = min(1.0, clip / norm) if clip else 1.0
        p = {k: p[k] - lr * scale * g[k] for k in p}
    return p


def orders(steps):
    """The same batches as the trainer's: its own stream, permuted again each epoch."""
    rng = Streams(7).named("order")
    found = []
    while len(found) < steps:
        permutation = rng.permutation(37)
        found += [permutation[i : i + 8] for i in range(0, 37, 8)]
    return found


@pytest.mark.parametrize(("l2", "clip"), [(0.0, None), (0.1, None), (0.0, 0.3), (0.1, 0.3)])
def test_steps_are_those_of_the_formulas(l2, clip):
    """Twelve steps over two epochs end at the weights that the formulas give, with l2 and clipping."""
    t = trainer(regularizers=Regularization(l2=l2).parts(), clip_norm=clip)
    start = {k: v.copy() for k, v in t.net.params.items()}
    assert t.advance(12) == 12
    want = by_hand(start, orders(12), 12, 0.1, l2, clip)
    for name, got in t.net.params.items():
        assert got == pytest.approx(want[name], rel=1e-12), name


def test_records_are_the_steps_own():
    """A step's record has the loss before its update, lr, the gradient's norm and the update's share of theta."""
    t = trainer()
    theta = t.net.theta.copy()
    t.advance(1)
    loss, lr, norm, ratio = t.records[0]
    assert lr == 0.1
    assert norm == pytest.approx(np.linalg.norm(t.net.grad))
    assert ratio == pytest.approx(np.linalg.norm(t.net.theta - theta) / np.linalg.norm(theta))
    assert loss == pytest.approx(t.sums.loss / t.sums.rows)


def test_dropout_does_not_change_the_batch_order_or_other_weights():
    """Each use of randomness has its own stream: adding a dropout layer changes neither order nor starting weights."""
    plain = trainer()
    dropped = trainer(layers=[Dense(units=4), Tanh(), Dropout(drop=0.5), Dense(units=3)])
    assert (plain.net.theta == dropped.net.theta).all()
    plain.advance(3)
    dropped.advance(3)
    assert plain.sampler.remaining().tolist() == dropped.sampler.remaining().tolist()


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "lbfgs"])
def test_a_restored_state_goes_on_to_the_same_bits(optimizer):
    """Saved in the middle of an epoch and restored into a new trainer, the run ends at the same bits."""
    layers = [Dense(units=4), Tanh(), Dropout(drop=0.3), Dense(units=3)] if optimizer != "lbfgs" else None
    whole = trainer(layers=layers, optimizer=optimizer, lr=0.01, average=0.9)
    whole.advance(7)
    arrays, plain = whole.state()
    arrays = {k: v.copy() for k, v in arrays.items()}
    whole.advance(9)
    again = trainer(layers=layers, optimizer=optimizer, lr=0.01, average=0.9)
    again.restore(arrays, plain)
    again.advance(9)
    for name, got in again.state()[0].items():
        assert got.tobytes() == whole.state()[0][name].tobytes(), name
    assert again.sums == whole.sums


def test_the_average_is_what_evaluation_sees():
    """Inside `averaged` the weights are the moving average, after it the run's own again."""
    t = trainer(average=0.9)
    t.advance(10)
    own = t.net.theta.copy()
    with t.averaged():
        inside = t.net.theta.copy()
    assert (t.net.theta == own).all()
    assert inside == pytest.approx(t.average)
    assert np.abs(inside - own).max() > 1e-6


def test_a_step_that_is_not_finite_is_not_taken():
    """At the first loss that is not finite the trainer stops, with the weights as they were before."""
    t = trainer()
    t.advance(2)
    t.x[:] = np.nan
    before = t.net.theta.copy()
    assert t.advance(5) == 1
    assert t.broken
    assert (t.net.theta == before).all()


def test_a_full_batch_optimizer_gets_the_whole_loss():
    """L-BFGS sees all rows in each step and brings the loss below what as many steps of gradient descent reach."""
    t, slow = trainer(optimizer="lbfgs", lr=1.0), trainer(batch_size=37, lr=0.1)
    assert t.steps_per_epoch == 1
    t.advance(15)
    slow.advance(15)
    assert t.records[14, 0] < 0.7 * slow.records[14, 0]
    assert (np.diff(t.records[:15, 0]) <= 1e-12).all()


def test_nothing_of_a_batchs_size_is_allocated_in_the_loop():
    """After the first epoch, steps allocate nothing that grows with the batch (NumPy's casts use 32 kB)."""
    x = np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32)
    layers = [Dense(units=256), Tanh(), Dropout(drop=0.5), Dense(units=3)]
    net = Net(layers, (256,), dtype="float32")
    net.initialize(Sequential(layers=layers), Streams(0))
    recipe = TrainingConfig(
        make(Loss, "softmax_cross_entropy"), make(Optimizer, "adam"), make(Schedule, "constant"), batch_size=128
    )
    t = Trainer(net, recipe, x, np.zeros(512, np.int64), Streams(0))
    t.advance(8)
    tracemalloc.start()
    t.advance(6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 128 * 256 * 4 / 2  # half of one layer's batch


def test_evaluation_in_batches_is_evaluation_at_once():
    """Scores do not depend on how many rows are evaluated at a time."""
    t = trainer()
    t.advance(20)
    whole, parts = (Evaluator(t.net, t.config.loss, Task("classification", 3)) for _ in range(2))
    parts._limit = 5
    got, want = parts.scores(X, T), whole.scores(X, T)
    assert (got.loss, got.score) == (pytest.approx(want.loss), want.score)
    assert parts._memory[0].rows == 5


def test_r2_is_scikit_learns():
    """R2 of several targets is scikit-learn's r2_score."""
    from sklearn.metrics import r2_score

    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
    assert r2(y, t) == pytest.approx(r2_score(t, y))


def test_the_schedule_scales_each_step():
    """The recorded lr is lr times the schedule's factor at the step's place in the run."""
    t = trainer(schedule=make(Schedule, "cosine"))
    t.advance(10)
    want = [0.1 * make(Schedule, "cosine").at(i / 5, 4) for i in range(10)]
    assert t.records[:10, 1].tolist() == pytest.approx(want)
