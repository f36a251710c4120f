"""trainlab.KerasWatch on real trainings in Keras 3 with the PyTorch backend."""

import json
import os

import numpy as np
import pytest

pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

from sklearn.datasets import load_digits  # noqa: E402 - only with Keras

import trainlab as tl  # noqa: E402
from trainlab.core.errors import UserError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")  # Keras' own
LAYERS = keras.layers


def rows(scale=1.0):
    x, y = load_digits(return_X_y=True)
    x = (scale * (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order[:1200]], y[order[:1200]], x[order[1200:]], y[order[1200:]]


def mlp(activation="relu", depth=2, **more):
    hidden = [LAYERS.Dense(64, activation=activation, **more) for _ in range(depth)]
    return keras.Sequential([keras.Input((64,)), *hidden, LAYERS.Dense(10, activation="softmax")])


def images():
    """Convolution and batch norm, with logits."""
    middle = [LAYERS.Reshape((8, 8, 1)), LAYERS.Conv2D(8, 3), LAYERS.BatchNormalization(), LAYERS.ReLU()]
    return keras.Sequential([keras.Input((64,)), *middle, LAYERS.Flatten(), LAYERS.Dense(10)])


def fit(runs, make, optimizer, *, epochs=12, scale=1.0, loss="sparse_categorical_crossentropy", data=True, **more):
    keras.utils.set_random_seed(0)
    model = make()
    model.compile(optimizer(), loss, metrics=["accuracy"])
    x, y, v, w = rows(scale)
    more |= {"data": (x, y), "val_data": (v, w)} if data else {}
    watch = tl.KerasWatch(name="digits", runs=runs, say=lambda _: None, **more)
    history = model.fit(x, y, validation_data=(v, w), epochs=epochs, batch_size=64, verbose=0, callbacks=[watch])
    return watch, history.history


ADAM, SGD = keras.optimizers.Adam, keras.optimizers.SGD
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
HEALTHY = {
    "adam": (mlp, lambda: ADAM(1e-3), {}),
    "adam-without-data": (mlp, lambda: ADAM(1e-3), {"data": False, "every": 10}),
    "sgd": (mlp, lambda: SGD(0.1), {}),
    "images": (images, lambda: ADAM(3e-3), {"loss": LOGITS, "epochs": 8}),
}
SICK = {
    "lr-too-high": (mlp, lambda: ADAM(1.0), {}, {"lr-too-high"}),
    "lr-too-low": (mlp, lambda: ADAM(1e-7), {}, {"lr-too-low"}),
    "dead": (lambda: mlp(bias_initializer=keras.initializers.Constant(-30)), lambda: ADAM(1e-3), {}, {"dead-relu"}),
    "all-zero": (lambda: mlp(kernel_initializer="zeros"), lambda: ADAM(1e-3), {}, {"symmetric-init"}),
    "softmax-twice": (mlp, lambda: ADAM(1e-3), {"loss": LOGITS}, {"wrong-loss"}),
    "linear": (lambda: mlp("linear"), lambda: ADAM(1e-3), {}, {"missing-nonlinearity"}),
    "deep-sigmoid": (lambda: mlp("sigmoid", 8), lambda: SGD(0.1), {}, {"signal-collapse", "vanishing-gradient"}),
    "unscaled": (mlp, lambda: SGD(0.1), {"scale": 100.0}, {"unscaled-input"}),
    "saturated": (
        lambda: mlp("sigmoid", kernel_initializer=keras.initializers.RandomNormal(stddev=20.0)),
        lambda: SGD(0.01),
        {},
        {"saturated-activation"},
    ),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_healthy_is_left_alone(case, tmp_path):
    """A healthy training gets no warning and no error, and the folder has Keras' own scores."""
    make, optimizer, more = HEALTHY[case]
    watch, history = fit(tmp_path, make, optimizer, **more)
    assert [d for d in watch.diagnoses if d.severity != "info"] == []
    metrics = watch.run.metrics[1:]
    names = {"train_loss": "loss", "train_accuracy": "accuracy", "val_loss": "val_loss", "val_accuracy": "val_accuracy"}
    for ours, theirs in names.items():
        assert metrics[ours].tolist() == pytest.approx(history[theirs])
    assert metrics["val_accuracy"].iloc[-1] > 0.93


@pytest.mark.parametrize("case", SICK)
def test_sick_is_named(case, tmp_path):
    """A fault's own code is among the first two warnings."""
    make, optimizer, more, codes = SICK[case]
    watch, _ = fit(tmp_path, make, optimizer, **more)
    assert codes & {d.code for d in [d for d in watch.diagnoses if d.severity != "info"][:2]}


def test_diverged_ends_the_training(tmp_path):
    """A loss that is not finite stops `fit`, and the status says why."""
    watch, history = fit(tmp_path, images, lambda: SGD(1e9), loss=LOGITS, data=False)
    status = json.loads((watch.run.folder / "status.json").read_text())
    assert (status["state"], status["exit_code"]) == ("diverged", 3)
    assert len(history["loss"]) < 12


def test_numbers(tmp_path):
    """A model compiled with a squared error is a regression."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(512, 5)).astype(np.float32)
    y = (3 * x[:, :1] - 2 * x[:, 1:2] + 1).astype(np.float32)
    model = keras.Sequential([keras.Input((5,)), LAYERS.Dense(16, activation="relu"), LAYERS.Dense(1)])
    model.compile(ADAM(1e-2), "mse", metrics=[keras.metrics.R2Score()])
    watch = tl.KerasWatch(runs=tmp_path, data=(x, y), say=lambda _: None)
    history = model.fit(x, y, validation_split=0.25, epochs=20, verbose=0, callbacks=[watch]).history
    assert watch.run.metrics["val_r2"][1:].tolist() == pytest.approx(history["val_r2_score"])
    assert [d for d in watch.diagnoses if d.severity != "info"] == []


def test_exception(tmp_path):
    """Keras tells callbacks of no exception; a `with` block does."""
    model = mlp()
    model.compile(ADAM(1e-3), "sparse_categorical_crossentropy")
    x, y, _, _ = rows()

    class Bad(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError), tl.KerasWatch(runs=tmp_path) as watch:
        model.fit(x, y, epochs=2, verbose=0, callbacks=[watch, Bad()])
    status = json.loads((watch.run.folder / "status.json").read_text())
    assert (status["state"], status["reason"]) == ("failed", "ZeroDivisionError: mine")


def test_misuse(tmp_path):
    """What cannot be read is refused at the first batch with what is allowed."""
    model = mlp()
    model.compile(ADAM(1e-3), "sparse_categorical_crossentropy")
    x, y, _, _ = rows()
    with pytest.raises(UserError, match=r"watch: data is a int; allowed are a pair \(x, y\)"):
        model.fit(x, y, verbose=0, callbacks=[tl.KerasWatch(runs=tmp_path, data=3)])
    with pytest.raises(LookupError, match="there is no run yet"):
        _ = tl.KerasWatch(runs=tmp_path).run
