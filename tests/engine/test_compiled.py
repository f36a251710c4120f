"""Training on both backends gives the same numbers, for every optimizer, loss and rule."""

import numpy as np
import pytest

from trainlab.core.component import make, names
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.data.augmentation import Augmentation
from trainlab.data.lazy import LazyRows
from trainlab.engine.compiled import lowerings
from trainlab.engine.compiled.library import load
from trainlab.engine.network import Net
from trainlab.engine.trainer import Trainer
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.nn.models.sequential import Sequential
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularization, Regularizer
from trainlab.optim.schedule import Schedule

pytestmark = pytest.mark.skipif(load() is None, reason="no compiled kernels here")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(75, 6)).astype(np.float32)
CLASSES = RNG.integers(0, 3, 75)
NUMBERS = RNG.normal(size=(75, 2))
LABELS = RNG.integers(0, 2, (75, 3))
LAYERS = ({"dense": 9}, "relu", {"dense": 8}, "tanh", {"dense": "output"})
SCALED = ("scale", {"dense": {"units": 9, "ntk": True}}, "prelu", {"dense": {"units": "output", "ntk": True}})
RATES = {"adadelta": 1.0, "adagrad": 0.05, "sgd": 0.1, "momentum": 0.05, "nesterov": 0.05}


def trained(
    engine,
    steps=20,
    *,
    layers=LAYERS,
    optimizer=None,
    loss=None,
    x=X,
    numbers=None,
    by_columns=False,
    weights=None,
    task=None,
    **recipe,
):
    """A trainer after some steps over three epochs and a bit, on one of the backends."""
    loss = loss or make(Loss, "softmax_cross_entropy")
    regression = loss.tasks == ("regression",) if numbers is None else numbers
    outputs = 2 if regression or "binary" in loss.name else 3
    task = task or Task("regression" if regression else "classification", outputs, ordered=loss.name == "ordinal")
    y = NUMBERS if regression else CLASSES % task.outputs
    y = np.abs(y) if loss.name in ("poisson", "msle") else y
    y = LABELS if task.kind == "multilabel" else y
    t = loss.encode(y, task)
    t = t.astype(np.float32, order="F" if by_columns else "C") if t.dtype.kind == "f" else t
    made = [Layer.read(layer).sized(loss.units(task)) for layer in layers]
    net = Net(made, x.shape[1:], engine=engine)
    net.initialize(Sequential(layers=made), Streams(7))
    rules = TrainingConfig(
        loss=loss,
        optimizer=optimizer or make(Optimizer, "momentum", lr=0.05),
        schedule=recipe.pop("schedule", make(Schedule, "constant")),
        epochs=6,
        batch_size=recipe.pop("batch_size", 12),
        regression=regression,
        **recipe,
    )
    trainer = Trainer(net, rules, x, t, Streams(7), weights)
    records = []
    while steps:
        done = trainer.advance(min(steps, 5, trainer.steps_left))
        records.append(trainer.records[:done].copy())
        steps -= done
    return trainer, np.concatenate(records)


def agree(steps=20, rel=1e-5, **recipe):
    """Both backends end at the same numbers."""
    one, a = trained("numpy", steps, **recipe)
    other, b = trained("compiled", steps, **recipe)
    assert (one.net.backend.name, other.net.backend.name) == ("numpy", "compiled")
    for name, want in one.net.params.items():
        got = other.net.params[name]
        assert np.abs(got - want).max() <= rel * max(0.1, np.abs(want).max()), name
    for name, want in one.optimizer_state.buffers.items():
        assert np.abs(other.optimizer_state.buffers[name] - want).max() <= 20 * rel * np.abs(want).max(), name
    assert b == pytest.approx(a, rel=20 * rel)
    assert (
        np.abs(other.optimizer_state.step - one.optimizer_state.step).max()
        <= 100 * rel * np.abs(one.optimizer_state.step).max()
    )
    assert np.abs(other.net.grad - one.net.grad).max() <= 100 * rel * max(1e-2, np.abs(one.net.grad).max())
    assert (other.sums.rows, other.sums.steps, other.sums.hits) == (one.sums.rows, one.sums.steps, one.sums.hits)
    assert other.sums.loss == pytest.approx(one.sums.loss, rel=1e-4)
    assert other.sums.squares == pytest.approx(one.sums.squares, rel=1e-4)
    assert (other.step, other.optimizer_state.t, other.optimizer_state.lr) == (
        one.step,
        one.optimizer_state.t,
        one.optimizer_state.lr,
    )
    assert other.last_batch.rows == one.last_batch.rows
    return one, other


@pytest.mark.parametrize("name", [n for n in names(Optimizer) if n != "lbfgs"])
def test_every_optimizer(name):
    """Parameters, buffers, steps and records agree after 20 steps."""
    agree(optimizer=make(Optimizer, name, lr=RATES.get(name, 0.01)), rel=1e-5 if name in RATES else 3e-5)


def test_what_has_kernels_keeps_them():
    """These are lowered by the module of their name, and a module has the name of a component.

    A new component without a module runs its NumPy method between kernels.
    """
    optimizers = {"sgd", "momentum", "nesterov", "adam", "adamax", "adamw", "nadam", "rmsprop", "adagrad", "adadelta"}
    losses = {"softmax_cross_entropy", "binary_cross_entropy", "hinge", "mse", "mae", "huber", "ordinal", "pinball"}
    assert optimizers <= lowerings.names("optimizers") <= set(names(Optimizer))
    assert losses <= lowerings.names("losses") <= set(names(Loss))
    assert {"l1", "l2", "max_norm"} <= lowerings.names("regularizers") <= set(names(Regularizer))


@pytest.mark.parametrize(
    "spelled",
    [
        *names(Loss),
        {"name": "softmax_cross_entropy", "label_smoothing": 0.2},
        {"name": "softmax_cross_entropy", "class_weights": [0.5, 1.0, 3.0]},
        {"name": "hinge", "margin": 0.3},
        {"name": "hinge", "class_weights": [0.5, 1.0, 3.0]},
        {"name": "binary_cross_entropy", "class_weights": [0.5, 3.0]},
        {"name": "huber", "delta": 0.4},
        {"name": "ordinal", "class_weights": [0.5, 1.0, 3.0]},
        {"name": "pinball", "quantiles": [0.25, 0.75]},
    ],
    ids=str,
)
def test_every_loss(spelled):
    """Losses, gradients and hits agree, with every setting and with weights of the rows."""
    agree(loss=Loss.read(spelled))
    agree(loss=Loss.read(spelled), weights=np.resize([0.0, 0.5, 2.0, 1.5], len(X)).astype(np.float32))


def test_several_labels():
    """Binary cross-entropy agrees on several labels, with weights of them and of the rows."""
    weights = np.resize([0.0, 0.5, 2.0, 1.5], len(X)).astype(np.float32)
    for weighted in (None, [0.5, 1.0, 3.0]):
        loss = Loss.read({"name": "binary_cross_entropy", "class_weights": weighted})
        agree(loss=loss, task=Task("multilabel", 3))
        agree(loss=loss, task=Task("multilabel", 3), weights=weights)


def test_mse_of_numbers():
    """A loss for both tasks agrees on numbers too."""
    agree(loss=make(Loss, "mse"), numbers=True)


@pytest.mark.parametrize(
    "recipe",
    [
        {"regularizers": Regularization(l2=0.03).parts()},
        {"regularizers": Regularization(l1=0.01, l2=0.02).parts()},
        {"regularizers": Regularization(max_norm=0.8).parts(), "average": 0.9},
        {"clip_norm": 0.3},
        {"clip_norm": 0.2, "average": 0.95, "regularizers": Regularization(l2=0.1).parts()},
        {"schedule": make(Schedule, "cosine", warmup=2)},
        {"batch_size": 75},
        {"batch_size": 1, "steps": 30},
        {"shuffle": False},
        {"optimizer": make(Optimizer, "adamw", lr=0.01, weight_decay=0.3)},
        {"optimizer": make(Optimizer, "adamw", lr=0.01, lr_factors={"bias": 0.1, "scale": 6}), "layers": SCALED},
        {"optimizer": make(Optimizer, "momentum", lr=0.02, lr_factors={"bias": 0.0, "slope": 3}), "layers": SCALED},
    ],
    ids=str,
)
def test_every_rule(recipe):
    """Penalties, constraints, clipping, averages, schedules and batch sizes agree."""
    one, other = agree(**recipe)
    if "average" in recipe:
        assert other.average == pytest.approx(one.average, rel=1e-4, abs=1e-6)


def test_dropout_drops_the_same_units():
    """The kernel draws from NumPy's own generator what NumPy would draw, and leaves it where NumPy would."""
    layers = ({"dense": 9}, "relu", {"dropout": 0.4}, {"drop_connect": {"units": 7, "drop": 0.3}}, {"dense": "output"})
    one, other = agree(layers=layers)
    assert one.state()[1]["noise"] == other.state()[1]["noise"]


@pytest.mark.parametrize("dtype", ["float64", "uint8", "int8", "uint16", "int16", "int32", "int64", "float16"])
def test_batches_of_any_type(dtype):
    """Rows are gathered from the data's own type, by NumPy if there is no kernel for it."""
    agree(x=(np.abs(X) * 5).astype(dtype), optimizer=make(Optimizer, "sgd", lr=0.01))


def test_rows_and_targets_that_lie_by_columns():
    """Arrays in column order are gathered as well as any."""
    agree(x=np.asfortranarray(X))
    loss = make(Loss, "mae")
    in_order, _ = trained("compiled", 5, loss=loss)
    by_columns, _ = trained("compiled", 5, loss=loss, by_columns=True)
    assert by_columns.net.theta.tobytes() == in_order.net.theta.tobytes()


def test_batches_of_stored_rows():
    """Rows that lie on disk are gathered through their index, or read by their steps."""
    kept = np.random.default_rng(1).permutation(75)
    stored = X[np.argsort(kept)]
    agree(x=LazyRows(stored, kept))
    agree(x=LazyRows(stored, kept, (lambda rows: rows * 2,)))


def test_augmented_batches():
    """Augmentation changes the batch between kernels, and draws the same numbers."""
    x = X.reshape(75, 2, 3, 1)
    layers = ("flatten", *LAYERS)
    one, other = agree(x=x, layers=layers, augment=[make(Augmentation, "noise", std=0.2)])
    assert one.state()[1]["augment"] == other.state()[1]["augment"]


class Strange(Loss, name="strange"):
    """A loss that no kernel knows."""

    tasks = ("regression",)

    def units(self, task):
        """One an output."""
        return task.outputs

    def encode(self, y, task):
        """As they are."""
        return y

    def each(self, s):
        """The mean distance."""
        np.subtract(s.y, s.t, out=s.dy)
        return np.abs(s.y - s.t).mean(axis=1)

    def chance(self, t, task):
        """One."""
        return 1.0

    def predict(self, y, task):
        """The numbers."""
        return y


class Backwards(Optimizer, name="backwards"):
    """An optimizer that no kernel knows."""

    def update(self, m):
        """step = -lr g."""
        np.multiply(m.g, -m.lr, out=m.step)


class Twice(Layer, name="twice"):
    """A layer that no kernel knows."""

    def out_shape(self, shape):
        """The same shape."""
        return shape

    def forward(self, s):
        """y = 2 x."""
        np.multiply(s.x, 2, out=s.y)

    def backward(self, s):
        """dx = 2 dy."""
        np.multiply(s.dy, 2, out=s.dx)


def test_what_has_no_kernel_runs_in_numpy_between_kernels():
    """A layer, a loss and an optimizer of your own need no kernel."""
    layers = ({"dense": 9}, Twice(), "relu", {"dense": "output"})
    agree(layers=layers, loss=Strange(), optimizer=Backwards(lr=0.01), regularizers=Regularization(l2=0.1).parts())


def test_an_error_between_kernels_is_raised():
    """An error that a NumPy method raises between kernels reaches the caller unchanged."""
    t, _ = trained("compiled", 2, layers=({"dense": 9}, Twice(), {"dense": "output"}))
    with pytest.MonkeyPatch.context() as m:
        m.setattr(Twice, "forward", lambda self, s: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            t.advance(1)
    assert t.advance(1) == 1


@pytest.mark.parametrize("spoilt", ["x", "theta"])
def test_a_step_that_is_not_finite_is_not_taken(spoilt):
    """Training stops there, with the weights and buffers of the step before, and records the step."""
    t, _ = trained("compiled", 5, optimizer=make(Optimizer, "adam"), x=X.copy())
    if spoilt == "x":
        t.x[:] = np.nan
    else:
        t.net.theta[-1] = np.inf
    before, buffers = t.net.theta.copy(), t.optimizer_state.buffers["v"].copy()
    assert t.advance(5) == 1
    assert t.broken
    assert t.net.theta.tobytes() == before.tobytes()
    assert t.optimizer_state.buffers["v"].tobytes() == buffers.tobytes()
    assert np.isnan(t.records[0, 3])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_same_bits_on_any_number_of_threads(threads):
    """The cut into tiles depends on sizes alone, so any number of threads gives the same bits."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(75, 300)).astype(np.float32)
    layers = ({"dense": 333}, "relu", {"dropout": 0.5}, {"dense": 210}, "gelu", {"dense": "output"})
    load().threads(1)
    once, a = trained("compiled", 12, layers=layers, x=x, batch_size=70, optimizer=make(Optimizer, "adam"))
    try:
        load().threads(threads)
        again, b = trained("compiled", 12, layers=layers, x=x, batch_size=70, optimizer=make(Optimizer, "adam"))
    finally:
        load().threads(1)
    assert a.tobytes() == b.tobytes()
    assert once.net.theta.tobytes() == again.net.theta.tobytes()


def test_a_run_goes_on_to_the_same_bits_on_either_backend():
    """Saved in the middle of an epoch and restored; a state of one backend also loads on the other."""
    layers = ({"dense": 9}, "relu", {"dropout": 0.3}, {"dense": "output"})
    whole, _ = trained("compiled", 9, layers=layers, optimizer=make(Optimizer, "adam"), average=0.9)
    arrays, plain = whole.state()
    arrays = {k: v.copy() for k, v in arrays.items()}
    whole.advance(4)
    for engine, exact in (("compiled", True), ("numpy", False)):
        again, _ = trained(engine, 1, layers=layers, optimizer=make(Optimizer, "adam"), average=0.9)
        again.restore(arrays, plain)
        again.advance(4)
        if exact:
            assert again.net.theta.tobytes() == whole.net.theta.tobytes()
            assert again.sums == whole.sums
        assert again.net.theta == pytest.approx(whole.net.theta, rel=1e-4, abs=1e-6)


def test_a_stop_is_asked_for_between_chunks_of_steps():
    """`advance` ends early when `stop` turns true, and calls it at least every tenth of a second of short steps."""
    asked = []
    t, _ = trained("compiled", 1)
    assert 1 <= t.advance(5, lambda: asked.append(None) or len(asked) > 1) <= 5


def test_denormals_are_flushed_inside_kernels_only():
    """Momentum that has decayed below 1e-38 is 0 after a step; outside kernels such numbers are kept."""
    trainer, _ = trained("compiled", steps=1)
    trainer.optimizer_state.buffers["v"][...] = 1e-39
    trainer.net.params["dense1.W"][...] = 0.0  # so that nothing behind it has a gradient
    trainer.net.params["dense1.b"][...] = -1.0
    trainer.advance(1)
    v = trainer.optimizer_state.buffers["v"][: 6 * 9]
    assert not v.any()
    assert np.float32(1e-39) * np.float32(0.5) > 0
