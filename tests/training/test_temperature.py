"""Temperature scaling: the number of an independent computation, fitted on validation rows and kept with the run."""

import json

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, softmax

from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.core.types import Task
from trainlab.inference.model import TrainedNetwork
from trainlab.nn.losses.binary_cross_entropy import BinaryCrossEntropy
from trainlab.nn.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from trainlab.store.decision import Decision, Temperature, Threshold, read_decision, write_decision
from trainlab.store.folder import RunFolder
from trainlab.training.calibration import fit_temperature
from trainlab.training.experiment import read_plain
from trainlab.training.train import resume, train

THREE, TWO = Task("classification", 3, ()), Task("classification", 2, ())
MOONS = {
    "data": {"name": "moons", "samples": 200, "noise": 0.4, "split": {"val": 0.3, "test": 0.3}},
    "model": {"name": "mlp", "hidden": [16]},
    "optimizer": {"name": "adam", "lr": 0.02},
    "train": {"epochs": 8},
    "calibrate": "temperature",
}


def overconfident(rows=400, classes=3, factor=3.0, seed=0):
    """Outputs that are `factor` times too large for the classes that are drawn."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, classes)) * 1.5
    return factor * z, np.array([rng.choice(classes, p=p) for p in softmax(z, axis=1)])


def test_the_slope_of_the_log_loss_is_zero_there():
    """For softmax: the root of mean(E_p z - z of the right class) over 1 / T, found by another method."""
    y, t = overconfident()

    def slope(beta):
        return float((softmax(beta * y, axis=1) * y).sum(axis=1).mean() - y[np.arange(len(t)), t].mean())

    got = fit_temperature(SoftmaxCrossEntropy(), y, t, THREE)
    assert got.value == pytest.approx(1 / brentq(slope, 1e-3, 10), rel=1e-5)
    assert 2.4 < got.value < 3.8  # the outputs were three times too large
    assert got.log_loss is not None
    assert got.log_loss[1] < got.log_loss[0]
    assert got.rows == 400


def test_one_output_for_two_classes():
    """For a sigmoid: the root of mean((p - t) y)."""
    y, t = overconfident(classes=2)
    y = y[:, 1:] - y[:, :1]
    got = fit_temperature(BinaryCrossEntropy(), y, t, TWO)
    root = brentq(lambda beta: float(((expit(beta * y[:, 0]) - t) * y[:, 0]).mean()), 1e-3, 10)
    assert got.value == pytest.approx(1 / root, rel=1e-5)


def test_several_labels():
    """For several labels: the root of the same mean over all of them."""
    y, _ = overconfident(classes=3)
    t = (np.random.default_rng(1).random(y.shape) < expit(y / 3)).astype(np.int64)
    got = fit_temperature(BinaryCrossEntropy(), y, t, Task("multilabel", 3, ("a", "b", "c")))
    root = brentq(lambda beta: float(((expit(beta * y) - t) * y).mean()), 1e-3, 10)
    assert got.value == pytest.approx(1 / root, rel=1e-5)


def test_weights_of_classes_do_not_count():
    """Probabilities are to agree with the rows as they are, whatever the training weighed."""
    y, t = overconfident()
    weighted = SoftmaxCrossEntropy(class_weights=[1.0, 5.0, 2.0], label_smoothing=0.1)
    assert fit_temperature(weighted, y, t, THREE) == fit_temperature(SoftmaxCrossEntropy(), y, t, THREE)


@pytest.mark.parametrize(
    ("y", "t", "why"),
    [
        ([[3.0, 0.0], [0.0, 1.0]], [0, 1], "every validation row is classified correctly"),
        ([[3.0, 0.0], [0.0, 1.0], [2.0, 0.0]], [1, 0, 1], "no better than chance"),
        ([[np.nan, 0.0]], [1], "not finite"),
    ],
)
def test_without_a_minimum_it_stays_one(y, t, why):
    """Where the log loss has no minimum the temperature is 1, and the reason is kept."""
    got = fit_temperature(SoftmaxCrossEntropy(), np.array(y), np.array(t), TWO)
    assert got.value == 1.0
    assert why in got.reason


def test_a_run_keeps_it_and_is_scored_with_it(tmp_path):
    """`calibrate: temperature` is fitted on the validation rows; labels stay, the test loss is that of predict."""
    plain = train(read_plain(MOONS | {"calibrate": None}), runs=tmp_path)
    done = train(read_plain(MOONS), runs=tmp_path)
    kept = read_decision(RunFolder(done.folder).decision)
    bare = TrainedNetwork.load(RunFolder(plain.folder))
    x, t = bare.rows("val")
    want = fit_temperature(bare.loss, bare.outputs(x), t, bare.task)
    assert kept.temperature == want
    assert kept.epoch == done.best["epoch"]
    network = TrainedNetwork.load(RunFolder(done.folder))
    x, t = network.rows("test")
    np.testing.assert_allclose(network.outputs(x), bare.outputs(x) / want.value, rtol=1e-6)
    assert done.test["accuracy"] == plain.test["accuracy"]
    assert done.test["loss"] == pytest.approx(network.cost(network.outputs(x), t), rel=1e-6)
    assert done.test["loss"] != plain.test["loss"]


def test_the_test_rows_do_not_matter(tmp_path):
    """Other test labels give the same temperature: the fit sees the validation rows only."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 3))
    y = (x[:, 0] + rng.normal(size=240) > 0).astype(np.int64)
    kept: list[Temperature | None] = []
    for test in (y[180:], 1 - y[180:]):
        np.savez(
            tmp_path / "rows.npz", x=x[:120], y=y[:120], x_val=x[120:180], y_val=y[120:180], x_test=x[180:], y_test=test
        )
        config = read_plain(MOONS | {"data": {"name": "npz", "path": str(tmp_path / "rows.npz")}})
        kept.append(read_decision(RunFolder(train(config, runs=tmp_path).folder).decision).temperature)
    assert kept[0] is not None
    assert kept[0] == kept[1]
    assert kept[0].rows == 60


def test_other_weights_are_not_divided(tmp_path):
    """The temperature belongs to the best weights: the last ones give their own outputs."""
    folder = RunFolder(train(read_plain(MOONS), runs=tmp_path).folder)
    assert TrainedNetwork.load(folder).decision.temperature is not None
    assert TrainedNetwork.load(folder, "last").decision == Decision()


def test_training_further_fits_anew(tmp_path):
    """A resumed run drops what was fitted for its old best weights, and fits the new ones."""
    folder = RunFolder(train(read_plain(MOONS), runs=tmp_path).folder)
    old = read_decision(folder.decision)
    write_decision(folder.decision, Decision(old.temperature, Threshold(0.3, "1"), old.epoch))
    done = resume(folder.path, epochs=30)
    new = read_decision(folder.decision)
    assert new.threshold is None
    assert new.epoch == done.best["epoch"]
    TrainedNetwork.load(folder)
    resume(folder.path, epochs=40, until=35)  # stopped before its end: nothing is fitted yet
    assert read_decision(folder.decision) == Decision()


def test_a_decision_for_other_weights_is_refused(tmp_path):
    """A file for the weights of another epoch, another class, or with nonsense in it is never applied silently."""
    folder = RunFolder(train(read_plain(MOONS), runs=tmp_path).folder)
    kept = read_decision(folder.decision)
    write_decision(folder.decision, Decision(kept.temperature, None, 99))
    with pytest.raises(UserError, match="is for the weights of epoch 99, but the best ones are of epoch"):
        TrainedNetwork.load(folder)
    write_decision(folder.decision, Decision(None, Threshold(0.3, "maybe"), kept.epoch))
    with pytest.raises(UserError, match="the positive class `maybe` is none of `0` and `1`"):
        TrainedNetwork.load(folder)
    for damaged in (
        {"temperature": {"value": 0, "rows": 3, "log_loss": None}},
        {"threshold": {"value": 2}},
        {"epoch": "x"},
    ):
        folder.decision.write_text(json.dumps(damaged))
        with pytest.raises(UserError, match="delete the file to do without it"):
            read_decision(folder.decision)


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({"data.split.val": 0}, "a temperature is fitted on validation rows, but data.split.val is 0"),
        ({"loss": "hinge"}, "hinge gives no probabilities that could be calibrated"),
        ({"data": {"name": "diabetes"}}, "mse gives no probabilities that could be calibrated"),
    ],
)
def test_where_it_cannot_be_fitted(tmp_path, changes, want):
    """Without validation rows or probabilities, `calibrate` is an error before anything is trained."""
    with pytest.raises(ConfigError, match=want):
        train(read_plain(MOONS, changes), runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_file_reads_back(tmp_path):
    """What is written is read back equal; nothing to keep leaves no file."""
    path = tmp_path / "decision.json"
    whole = Decision(Temperature(1.5, 30, (0.4, 0.3)), Threshold(0.31, "yes", "f1", 30, (0.4, 0.5)), 7)
    write_decision(path, whole)
    assert read_decision(path) == whole
    write_decision(path, Decision(epoch=7))
    assert not path.exists()
    assert read_decision(path) == Decision()
