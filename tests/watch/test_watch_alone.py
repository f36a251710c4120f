"""trainlab.watch without PyTorch and without Keras: what is imported, what is refused, what is read of data."""

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import trainlab as tl
from trainlab.core.errors import UserError
from trainlab.integrations.torch import watch
from trainlab.integrations.user_data import read_user_data

X = np.random.default_rng(0).normal(size=(60, 4))
Y = np.arange(60) % 3


def test_imports_no_framework():
    """Reaching for `watch` imports neither PyTorch nor Keras."""
    code = (
        "import sys, trainlab; trainlab.watch; trainlab.KerasWatch; print(sorted({'torch', 'keras'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_other_models_are_refused(tmp_path):
    """What is no PyTorch module is refused with where to go instead, and no folder is made."""
    with pytest.raises(UserError) as error:
        watch(X, None, runs=tmp_path)
    assert str(error.value) == (
        "watch: the model is a ndarray; it can watch a torch.nn.Module. For Keras there is trainlab.KerasWatch, for "
        "the log of any other loop `trainlab diagnose FILE`"
    )
    assert list(tmp_path.iterdir()) == []


def test_keras_is_asked_for(monkeypatch):
    """Without Keras the callback says what to install."""
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(UserError) as error:
        tl.KerasWatch()
    assert str(error.value) == "KerasWatch: Keras 3 is not installed; `pip install keras` and one of its backends"


class Pairs:
    """A data set that gives one row after the other."""

    def __init__(self, x, y):
        self.x, self.y, self.asked = x, y, 0

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        self.asked += 1
        return self.x[i], self.y[i]


class SequentialSampler:
    """Named as PyTorch's."""


class Loader:
    """As much of a DataLoader as is looked at."""

    batch_size, sampler = 20, SequentialSampler()

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return 3


@pytest.mark.parametrize("data", [(X, Y), [X.tolist(), Y], Pairs(X, Y), Loader(Pairs(X, Y)), Loader((X, Y))])
def test_data_in_any_form(data):
    """Arrays, data sets and loaders give the same rows."""
    if isinstance(data, list):
        data = (np.array(data[0]), data[1].astype(np.float32))
    found = read_user_data(data, None, "classification")
    assert found is not None
    assert (found.rows, found.classes, found.train.x.tolist()) == (60, 3, X.tolist())
    assert found.train.y.tolist() == Y.tolist()
    assert (found.shuffled, found.steps_per_epoch) == ((False, 3) if isinstance(data, Loader) else (True, 0))


def test_one_hot_targets():
    """Rows of zeros with a one are class indices."""
    found = read_user_data((X, np.eye(3)[Y]), None, "classification")
    assert found is not None
    assert found.train.y.tolist() == Y.tolist()


def test_large_sets_are_sampled():
    """Of a set whose rows are read one by one, 2 000 are, or 20 of each class where that is more."""
    for classes, want in ((10, 2000), (200, 2000 + 4000)):
        pairs = Pairs(np.zeros((50_000, 1)), np.arange(50_000) % classes)
        found = read_user_data(pairs, None, "classification")
        assert found is not None
        assert (pairs.asked, found.rows) == (want, 50_000)


def test_numbers_have_columns():
    """Targets of a regression are rows of numbers; their variance is the loss at chance."""
    found = read_user_data((X, X[:, 0]), None, "regression")
    assert found is not None
    assert found.train.y.shape == (60, 1)
    assert found.variance == pytest.approx(X[:, 0].var())


@pytest.mark.parametrize(
    ("data", "val", "text"),
    [
        (7, None, "watch: data is a int; allowed are a pair (x, y) of arrays or tensors, a DataLoader, or a data set "
         "with a length whose items are such pairs"),
        ((X, Y[:5]), None, "watch: data: x has 60 rows and y 5; both need the same number, at least 1"),
        ((X, X[:, 0]), None, "watch: data: the targets are not class indices; set task='regression' if they are "
         "numbers"),
        ((X, Y), (X[:, :2], Y), "watch: rows of data have the shape (4,), those of val_data (2,)"),
        (None, (X, Y), "watch: val_data is given without data; give the training rows, too"),
        ((X.astype(str), Y), None, "watch: data holds <U32; allowed are numbers"),
        (Pairs(X, X).x.tolist(), None, "watch: data: an item of list is no pair; allowed are a pair (x, y) of arrays "
         "or tensors, a DataLoader, or a data set with a length whose items are such pairs"),
        (Pairs([[1.0], [1.0, 2.0]], [0, 1]), None, "watch: data: rows of Pairs differ in shape; leave data out"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_read(data, val, text):
    """Anything else is refused with what is allowed."""
    with pytest.raises(UserError) as error:
        read_user_data(data, val, "classification")
    assert str(error.value) == text


# ---------------------------------------------------------------------- a stand-in for Keras


class Kernel:
    """A variable of Keras'."""

    trainable, shape = True, (4, 3)

    def __init__(self, value):
        self.value = value

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value, dtype=dtype)


class Dense:
    """A layer of Keras'."""

    name, units = "dense", 3

    def __init__(self, kernel):
        self.kernel, self.activation = kernel, SimpleNamespace(__name__="softmax")


class Sequential:
    """A softmax regression with the parts of a Keras model that callbacks meet."""

    loss, output_shape, stop_training = "sparse_categorical_crossentropy", (None, 3), False

    def __init__(self, lr):
        self.kernel = Kernel(np.zeros((4, 3)))
        self.layers, self.trainable_variables = [Dense(self.kernel)], [self.kernel]
        self.optimizer = SimpleNamespace(name="SGD", learning_rate=lr, momentum=0.0)

    def fit(self, x, y, epochs, watch):
        """Gradient descent in batches of 20, with Keras' calls in Keras' order."""
        watch.model, watch.params = self, {"epochs": epochs}
        watch.on_train_begin()
        for epoch in range(epochs):
            losses = []
            for batch in range(3):
                watch.on_train_batch_begin(batch)
                a, b = x[20 * batch :][:20], y[20 * batch :][:20]
                z = np.exp(a @ self.kernel.value)
                p = z / z.sum(axis=1, keepdims=True)
                losses.append(-np.log(p[np.arange(20), b]).mean())
                self.kernel.value = self.kernel.value - self.optimizer.learning_rate * a.T @ (p - np.eye(3)[b]) / 20
                watch.on_train_batch_end(batch, {"loss": np.mean(losses)})
            right = ((x @ self.kernel.value).argmax(axis=1) == y).mean()
            watch.on_epoch_end(epoch, {"loss": np.mean(losses), "accuracy": right})
            if self.stop_training:
                break
        watch.on_train_end()
        return losses


@pytest.fixture
def keras(monkeypatch):
    """A module `keras` whose backend shows weights only."""
    made = ModuleType("keras")
    made.__version__ = "3.0"
    made.callbacks = SimpleNamespace(Callback=type("Callback", (), {}))
    made.backend = SimpleNamespace(backend=lambda: "jax")
    made.ops = SimpleNamespace(convert_to_numpy=np.asarray)
    monkeypatch.setitem(sys.modules, "keras", made)


def test_keras_with_any_backend(keras, tmp_path):
    """Losses of steps are taken out of Keras' running means, update ratios from the weights; healthy is silent."""
    labels = (X @ np.random.default_rng(1).normal(size=(4, 3))).argmax(axis=1)
    callback = tl.KerasWatch(runs=tmp_path, every=1, say=lambda _: None)
    last = Sequential(1.0).fit(X, labels, 30, callback)
    run = callback.run
    assert run.steps["loss"][-3:].tolist() == pytest.approx(last)
    assert run.steps["update_ratio"][1:].between(1e-4, 2).all()
    assert run.steps["grad_norm"].isna().all()
    assert [d.code for d in callback.diagnoses if d.severity != "info"] == []
    assert run.config["framework"] == "keras 3.0, jax"


def test_keras_in_small_steps(keras, tmp_path):
    """A learning rate that is far too low is named from update ratios alone."""
    labels = (X @ np.random.default_rng(1).normal(size=(4, 3))).argmax(axis=1)
    model = Sequential(1e-7)
    model.kernel.value = np.random.default_rng(2).normal(size=(4, 3))
    callback = tl.KerasWatch(runs=tmp_path, every=1, say=lambda _: None)
    model.fit(X, labels, 60, callback)
    assert "lr-too-low" in [d.code for d in callback.diagnoses]
