"""Every component on the PyTorch backend follows the NumPy backend: an independent autograd over all of our gradients.

The components come from the registry, so a new one is tested by itself.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nn_cases import ALL, is_view  # noqa: E402 - only with PyTorch
from whole_networks import NETWORKS  # noqa: E402

from trainlab.core.component import make, names  # noqa: E402
from trainlab.core.streams import Streams  # noqa: E402
from trainlab.core.types import Task  # noqa: E402
from trainlab.data.augmentation import Augmentation  # noqa: E402
from trainlab.engine.compiled.backend import CompiledBackend  # noqa: E402
from trainlab.engine.network import Net  # noqa: E402
from trainlab.engine.trainer import Trainer  # noqa: E402
from trainlab.engine.training_config import TrainingConfig  # noqa: E402
from trainlab.nn.layer import Layer  # noqa: E402
from trainlab.nn.loss import Loss  # noqa: E402
from trainlab.nn.models.sequential import Sequential  # noqa: E402
from trainlab.optim.layer_penalty import LayerPenalty  # noqa: E402
from trainlab.optim.optimizer import Optimizer  # noqa: E402
from trainlab.optim.regularizer import Regularization, Regularizer  # noqa: E402
from trainlab.optim.schedule import Schedule  # noqa: E402

torch.set_num_threads(1)
ROWS, STEPS = 60, 50
CLOSE = {"float32": 1e-4, "float64": 1e-9}
RATES = {"adadelta": 1.0, "adagrad": 0.05, "sgd": 0.05, "momentum": 0.02, "nesterov": 0.02}
PLAIN = ({"dense": 9}, "tanh", {"dropout": 0.3}, {"dense": "output"})


def trained(engine, dtype, *, shape=(6,), layers=PLAIN, loss="softmax_cross_entropy", optimizer=None, **recipe):
    """A trainer after 50 steps, and the losses of the steps."""
    rng = np.random.default_rng(0)
    loss = Loss.read(loss)
    regression = recipe.pop("numbers", loss.tasks == ("regression",))
    labels = recipe.pop("labels", False)
    outputs = 2 if regression or (loss.name == "binary_cross_entropy" and not labels) else 3
    kind = "regression" if regression else "multilabel" if labels else "classification"
    task = Task(kind, outputs, ordered=loss.name == "ordinal")
    x = rng.normal(size=(ROWS, *shape)).astype(dtype)
    y = np.abs(rng.normal(size=(ROWS, outputs))) if regression else rng.integers(0, outputs, ROWS)
    y = rng.integers(0, 2, (ROWS, outputs)) if labels else y
    y = y / y.sum(axis=1, keepdims=True) if loss.name == "kl_divergence" and regression else y
    t = loss.encode(y, task)
    t = t.astype(dtype) if t.dtype.kind == "f" else t
    weights = np.resize([0.0, 0.5, 2.0, 1.5], ROWS).astype(dtype) if recipe.pop("weighted", False) else None
    made = [Layer.read(layer).sized(loss.units(task)) for layer in layers]
    net = Net(made, shape, engine=engine, dtype=dtype, frozen=recipe.pop("frozen", ()))
    net.initialize(Sequential(layers=made), Streams(7))
    rules = TrainingConfig(
        loss=loss,
        optimizer=optimizer or make(Optimizer, "momentum", lr=0.02),
        schedule=recipe.pop("schedule", make(Schedule, "constant")),
        epochs=20,
        batch_size=recipe.pop("batch_size", 16),
        regression=regression,
        **recipe,
    )
    trainer = Trainer(net, rules, x, t, Streams(7), weights)
    records = []
    while trainer.step < STEPS and not trainer.broken:
        done = trainer.advance(min(STEPS - trainer.step, 7, trainer.steps_left))
        records.append(trainer.records[:done].copy())
    assert not trainer.broken
    return trainer, np.concatenate(records)


def distance(records, others):
    """The largest relative difference in each column of two records."""
    scale = np.maximum(np.abs(others), 1e-3 * np.abs(others).max(axis=0) + 1e-300)
    return (np.abs(records - others) / scale).max(axis=0)


def agree(dtype, **recipe):
    """Losses, records, params, buffers, gradient and layer statistics agree after 50 steps."""
    one, a = trained("numpy", dtype, **recipe)
    other, b = trained("torch", dtype, **recipe)
    assert other.net.backend.name == "torch"
    assert a[0, 0] != a[-1, 0], "nothing was learned"
    apart = distance(b, a)
    if dtype == "float32" and apart[0] > CLOSE[dtype]:  # a recipe that magnifies rounding: no further than NumPy is
        _, true = trained("numpy", "float64", **recipe)
        assert (distance(b, true) <= 5 * distance(a, true)).all()
        return one, other
    assert apart[0] <= CLOSE[dtype], f"losses differ by {apart[0]:.2e}"
    assert apart.max() <= 50 * CLOSE[dtype], f"records differ by {apart}"
    for name, want in one.net.params.items():
        assert np.abs(other.net.params[name] - want).max() <= 20 * CLOSE[dtype] * max(0.1, np.abs(want).max()), name
    for part in ("rows", "steps", "hits"):
        assert getattr(other.sums, part) == pytest.approx(getattr(one.sums, part), rel=1e-6)
    assert other.sums.squares == pytest.approx(one.sums.squares, rel=50 * CLOSE[dtype])
    assert one.state()[1]["noise"] == other.state()[1]["noise"]
    rows = one.last_batch.rows
    got, want = (t.layer_statistics.values(rows).copy() for t in (other, one))
    assert got == pytest.approx(want, rel=200 * CLOSE[dtype], abs=100 * CLOSE[dtype])
    return one, other


DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def ending(shape, layer):
    """The layers after the tested one, so that the network ends with the outputs of the loss."""
    return (layer, *(("flatten",) if len(layer.out_shape(shape)) > 1 else ()), {"dense": "output"})


ALONE = [c for c in ALL if not is_view(c) and not c.name.startswith("member_")]  # members need `train.members`


@DTYPES
@pytest.mark.parametrize("case", ALONE, ids=str)
def test_every_layer(case, dtype):
    """Behind a learned layer, so that the gradient of its input counts too."""
    before = ({"dense": case.shape[0]}, "tanh") if len(case.shape) == 1 else ({"conv": case.shape[-1]}, "tanh")
    agree(dtype, shape=case.shape, layers=(*before, *ending(case.shape, case.layer)))


@DTYPES
@pytest.mark.parametrize("name", names(Optimizer))
def test_every_optimizer(name, dtype):
    """With a dropout, but for lbfgs, which takes its noise for curvature."""
    layers = PLAIN if name != "lbfgs" else ({"dense": 9}, "tanh", {"dense": "output"})
    agree(dtype, optimizer=make(Optimizer, name, lr=RATES.get(name, 0.005)), layers=layers)


@DTYPES
def test_a_clipped_line_search(dtype):
    """L-BFGS compares gradients along its line as they are: clipped is only the one that it starts from."""
    layers = ({"dense": 9}, "tanh", {"dense": "output"})
    agree(dtype, optimizer=make(Optimizer, "lbfgs", lr=RATES.get("lbfgs", 0.005)), layers=layers, clip_norm=0.05)


@DTYPES
@pytest.mark.parametrize("name", ["noise", "mixup"])
def test_a_line_search_over_an_augmented_batch(name, dtype):
    """The batch is augmented once for a step, not for each loss along its line."""
    layers = ({"dense": 9}, "tanh", {"dense": "output"})
    recipe = {"optimizer": make(Optimizer, "lbfgs", lr=0.005), "augment": [make(Augmentation, name)]}
    one, other = agree(dtype, layers=layers, **recipe)
    assert one.state()[1]["augment"] == other.state()[1]["augment"]


@pytest.mark.parametrize("name", [*names(Optimizer)])
def test_every_optimizer_without_kernels(name, monkeypatch):
    """In float32 kernels take the step on the processor where they can; PyTorch's own forms, a GPU's, agree as well."""
    monkeypatch.setattr(CompiledBackend, "prepare_update", lambda backend, job: None)
    test_every_optimizer(name, "float32")


LOSSES = [
    *names(Loss),
    {"name": "softmax_cross_entropy", "label_smoothing": 0.2},
    {"name": "softmax_cross_entropy", "class_weights": [0.5, 1.0, 3.0]},
    {"name": "hinge", "margin": 0.3, "class_weights": [0.5, 1.0, 3.0]},
    {"name": "binary_cross_entropy", "class_weights": [0.5, 3.0]},
    {"name": "ordinal", "class_weights": [0.5, 1.0, 3.0]},
    {"name": "huber", "delta": 0.4},
    {"name": "pinball", "quantiles": [0.25, 0.75]},
]


@DTYPES
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_every_loss(loss, dtype):
    """With and without weights of the rows."""
    agree(dtype, loss=loss)
    agree(dtype, loss=loss, weighted=True)


@DTYPES
@pytest.mark.parametrize("loss", ["mse", "kl_divergence"])
def test_losses_of_two_tasks(loss, dtype):
    """On numbers too."""
    agree(dtype, loss=loss, numbers=True)


@DTYPES
@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 3.0]])
def test_several_labels(weights, dtype):
    """An output for each label."""
    agree(dtype, loss={"name": "binary_cross_entropy", "class_weights": weights}, labels=True)


RULES = [
    {"regularizers": Regularization(l1=0.01, l2=0.03).parts()},
    {"regularizers": Regularization(max_norm=0.8).parts(), "average": 0.9},
    {"regularizers": [LayerPenalty(parts=[(0, 20, 0.1, 0.01)])]},
    {"clip_norm": 0.3, "average": 0.95},
    {"batch_size": 60},
    {"batch_size": 1},
    {"shuffle": False},
    {"frozen": [0]},
    {"optimizer": make(Optimizer, "adamw", lr=0.005, weight_decay=0.3, lr_factors={"bias": 0.1})},
    {"dropout_schedule": make(Schedule, "flat_cos")},
    {
        "optimizer": make(Optimizer, "adamw", lr=0.005, weight_decay=0.5),
        "weight_decay_schedule": make(Schedule, "cosine"),
    },
    {"augment": [make(Augmentation, "noise", std=0.2)]},
    {"augment": [make(Augmentation, "mixup")]},
]


@DTYPES
@pytest.mark.parametrize("recipe", RULES, ids=str)
def test_every_rule(recipe, dtype):
    """Penalties, constraints, clipping, averages, frozen layers, batch sizes and augmentation."""
    one, other = agree(dtype, **recipe)
    if "average" in recipe:
        assert other.average == pytest.approx(one.average, rel=20 * CLOSE[dtype], abs=CLOSE[dtype])
    assert one.state()[1]["augment"] == other.state()[1]["augment"]


def test_every_regularizer_has_a_form():
    """Those of the registry are all in `RULES`, by a form of their own."""
    used = {rule.name for recipe in RULES for rule in recipe.get("regularizers", ())}
    assert used >= set(names(Regularizer))


@DTYPES
@pytest.mark.parametrize("name", names(Schedule))
def test_every_schedule(name, dtype):
    """The learning rates come from the trainer."""
    schedule = make(Schedule, name)
    agree(dtype, schedule=schedule)


@DTYPES
@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks(name, dtype):
    """Twenty networks as people build them, with dropout."""
    agree(dtype, **NETWORKS[name])


def test_the_augmentations_are_numpys():
    """All augmentations change the batch before it becomes a tensor, so one image augmentation stands for all."""
    assert "flip" in names(Augmentation)
    agree(
        "float64",
        shape=(6, 6, 2),
        layers=({"conv": 3}, "relu", "flatten", {"dense": "output"}),
        augment=[make(Augmentation, "flip")],
    )
