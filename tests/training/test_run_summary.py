"""network.json, data.json, defaults.json and mistakes.json: what a run tells of itself for its report."""

import base64
import math

import numpy as np
import pytest

from trainlab.core.config import read_plain
from trainlab.store.reading import read_run
from trainlab.training.error_analysis import mistakes
from trainlab.training.experiment import Experiment
from trainlab.training.run_summary import changed, data_facts, network_facts
from trainlab.training.setup import build
from trainlab.training.train import train


def document(**config):
    return read_plain(Experiment, {"data": "digits", **config}, "test")


def test_multiply_adds_are_counted_as_by_hand():
    """8 x 8 x 1 through 4 filters of 3 x 3 is 64 places x 9 x 4; then 256 inputs to 10 units."""
    layers = [{"conv": {"filters": 4, "size": 3}}, "relu", "flatten", {"dense": "output"}]
    net = build(document(model={"name": "sequential", "layers": layers})).net
    got = network_facts(net)
    assert [layer["multiply_adds"] for layer in got["layers"]] == [64 * 9 * 4, 0, 0, 2560]
    assert [layer["parameters"] for layer in got["layers"]] == [40, 0, 0, 2570]
    assert [layer["output"] for layer in got["layers"]] == [[8, 8, 4], [8, 8, 4], [256], [10]]
    assert (got["parameters"], got["multiply_adds"]) == (2610, 2304 + 2560)


def test_inner_layers_are_counted_once():
    """A residual block's own row holds no parameters: they are its inner layers', one level deeper."""
    block = {"residual": {"layers": [{"dense": 64}, "relu"]}}
    layers = ["flatten", block, {"dense": "output"}]
    got = network_facts(build(document(model={"name": "sequential", "layers": layers})).net)
    assert sum(layer["parameters"] for layer in got["layers"]) == got["parameters"]
    assert {layer["kind"]: layer["depth"] for layer in got["layers"]}["relu"] == 1


def test_a_guess_is_scored():
    """Ten classes: the loss of a guess is ln 10, its accuracy the share of the commonest class."""
    got = data_facts(build(document()))
    assert got["chance"]["loss"] == pytest.approx(math.log(10))
    assert got["chance"]["accuracy"] == max(got["counts"]["val"]) / got["rows"]["val"]
    assert (got["shape"], got["columns"][0]["min"], got["columns"][0]["max"]) == ([8, 8, 1], 0.0, 16.0)


def test_targets_are_told_in_their_own_units():
    """With scaled targets, data.json has the spread of the raw ones."""
    got = data_facts(build(read_plain(Experiment, {"data": {"name": "diabetes", "scale_target": True}}, "test")))
    assert got["chance"]["r2"] == 0.0
    assert 100 < got["targets"][0]["mean"] < 200
    assert got["targets"][0]["std"] > 50


def test_only_what_differs_has_its_default_told():
    """A component that is not the default one is named with the default; its own settings count from its own class."""
    got = dict(changed(document(optimizer={"name": "momentum", "lr": 0.1}, seed=3).value))
    assert got == {"seed": 0, "data.name": None, "optimizer.name": "adam", "optimizer.lr": 0.01}


def test_confusion_and_worst_of_made_up_outputs():
    """Rows of known outputs: the surest wrong answer is the first of the worst, with its line and its image."""
    setup = build(document())
    rows, raw = setup.parts.test, setup.parts.raw["test"]
    outputs = np.full((len(rows), 10), -5.0)
    outputs[np.arange(len(rows)), rows.y] = 5.0
    wrong = (rows.y[7] + 1) % 10
    outputs[7, wrong] = 9.0
    got = mistakes(setup, rows, raw, outputs)
    assert got["wrong"] == 1
    assert got["confusion"][rows.y[7]][wrong] == 1
    assert np.array(got["confusion"]).sum() == len(rows)
    (worst,) = got["worst"]
    assert (worst["row"], worst["true"], worst["predicted"]) == (rows.lines[7], rows.y[7], wrong)
    pixels = np.frombuffer(base64.b64decode(got["images"]["pixels"][0]), np.uint8).reshape(8, 8)
    image = np.asarray(raw[7], float).reshape(8, 8)
    assert np.array_equal(pixels, (image * 255 / image.max()).astype(np.uint8))


def test_worst_of_a_regression():
    """The row with the largest error comes first, in the target's own units, with its columns."""
    setup = build(read_plain(Experiment, {"data": {"name": "diabetes", "scale_target": True}}, "test"))
    rows = setup.parts.test
    outputs = rows.y.copy()
    outputs[5] += 3.0
    got = mistakes(setup, rows, setup.parts.raw["test"], outputs)
    worst = got["worst"][0]
    assert worst["row"] == rows.lines[5]
    assert worst["predicted"][0] - worst["true"][0] == pytest.approx(3.0 * setup.parts.fitted["target.std"][0])
    assert got["table"]["rows"][0][2] == setup.parts.raw["test"][5][2]


def test_a_run_writes_them(tmp_path):
    """A finished run's folder has all four files, and the mistakes agree with its test accuracy."""
    train(document(train={"epochs": 1}), into=tmp_path / "r")
    record = read_run(tmp_path / "r")
    assert record.network["output"] == [10]
    assert record.data["source"] == "digits"
    assert record.defaults["train.epochs"] == 30
    right = sum(record.mistakes["confusion"][i][i] for i in range(10)) / record.mistakes["rows"]
    assert right == pytest.approx(record.status.test["accuracy"])
    assert record.mistakes["epoch"] == record.status.best.epoch


def test_without_test_rows_the_validation_rows_stand_in(tmp_path):
    """A run without test rows tells the mistakes on its validation rows, and has no test scores."""
    train(document(data={"name": "digits", "split": {"test": 0}}, train={"epochs": 1}), into=tmp_path / "r")
    record = read_run(tmp_path / "r")
    assert record.mistakes["part"] == "val"
    assert record.status.test == {}


def test_a_guess_knows_the_shares_of_uneven_classes():
    """Of two classes one has 63 % of the rows: the loss of a guess is the entropy of the shares, not ln 2."""
    got = data_facts(build(read_plain(Experiment, {"data": "breast_cancer"}, "test")))
    shares = [n / got["rows"]["train"] for n in got["counts"]["train"]]
    rows = got["counts"]["val"]
    want = -sum(n * math.log(share) for n, share in zip(rows, shares, strict=True)) / sum(rows)
    assert got["chance"]["loss"] == pytest.approx(want, rel=1e-5)
    assert want < 0.99 * math.log(2)
