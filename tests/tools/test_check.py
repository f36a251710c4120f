"""`check`: its trials find what is broken, are not fooled by kinks and noise, and leave everything as it was."""

import numpy as np
import pytest

from trainlab.core import config
from trainlab.nn.layers.dense import Dense
from trainlab.tools.check import check
from trainlab.tools.gradient_check import gradient_errors
from trainlab.tools.overfit_check import tiny_fit
from trainlab.training.experiment import Experiment, named
from trainlab.training.setup import build

DIGITS = {
    "name": "digits",
    "data": {"name": "digits", "preprocess": ["standardize"]},
    "model": {"name": "mlp", "hidden": [32, 16], "norm": "batch", "dropout": 0.5},
    "optimizer": {"name": "momentum", "lr": 0.05},
    "regularization": {"l2": 1e-3, "l1": 1e-4},
}
LAYERS = [
    {"conv": {"filters": 4, "size": 3}},
    "batch_norm",
    "relu",
    {"residual": {"layers": [{"conv": {"filters": 8, "size": 3}}, {"dropout": 0.5}]}},
    {"max_pool": 2},
    "flatten",
    {"maxout": {"units": 12, "pieces": 2}},
    {"dense": "output"},
]
IMAGES = DIGITS | {"model": {"name": "sequential", "layers": LAYERS}}


def document(raw, **changes):
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    return named(config.read_plain(Experiment, config.override(raw, changed, Experiment), "test"))


MEMBERS = DIGITS | {"train": {"members": 4}}


@pytest.mark.parametrize("raw", [DIGITS, IMAGES, MEMBERS])
def test_right_gradients_agree(raw):
    """Dropout, batch norm, penalties, pools and residual layers: every param's gradient agrees to 1e-5."""
    setup = build(document(raw))
    found = gradient_errors(setup)
    assert found is not None
    assert {g.name for g in found} == set(setup.net.grads)
    assert max(g.error for g in found) < 1e-5
    assert sum(g.checked for g in found) > 2 * len(found)


def test_a_wrong_gradient_is_found_and_named(monkeypatch):
    """A backward that is 1 % off in one array is an error that names its layer."""
    backward = Dense.backward

    def off(layer, s):
        backward(layer, s)
        if layer.units == 16:
            s.g["W"] *= 1.01

    monkeypatch.setattr(Dense, "backward", off)
    found = check(document(DIGITS))
    wrong = [d for d in found.diagnoses if d.code == "gradient-mismatch"]
    assert [(d.severity, d.layer) for d in wrong] == [("error", "dense2")]
    assert {m.name: m.verdict for m in found.measured}["gradients"] == "error"


def test_frozen_layers_and_kinks_do_not_count():
    """A frozen layer has no gradient to compare; at a kink of relu no coordinate is compared."""
    frozen = gradient_errors(build(document(DIGITS, model__frozen=[0])))
    assert frozen is not None
    assert "dense1.W" not in {g.name for g in frozen}
    zeros = gradient_errors(build(document(DIGITS, model__init="zeros", model__norm="none", model__dropout=0.0)))
    assert zeros is not None
    assert max(g.error for g in zeros) < 1e-5


@pytest.mark.parametrize("raw", [DIGITS, IMAGES])
def test_a_handful_of_rows_is_learned_by_heart(raw):
    """A sound network reaches about zero loss on 20 rows, whatever dropout and label smoothing say."""
    tiny = tiny_fit(build(document(raw, loss={"name": "softmax_cross_entropy", "label_smoothing": 0.2})))
    assert tiny is not None
    assert tiny.rows == 20
    assert tiny.loss < 0.05 * tiny.chance


def test_a_linear_model_is_not_asked_for_more_than_it_can():
    """A network of six weights gets as many rows as it can tell apart."""
    raw = {"data": {"name": "moons"}, "model": {"name": "mlp", "hidden": []}}
    tiny = tiny_fit(build(document(raw)))
    assert tiny is not None
    assert tiny.rows == 2
    assert tiny.loss < 0.05 * tiny.chance


def test_a_network_that_cannot_learn_is_told():
    """All-zero weights cannot learn even a handful of rows: cannot-overfit, because of symmetric-init."""
    found = check(document(DIGITS, model__init="zeros", model__norm="none", model__dropout=0.0))
    assert found.worst() == "error"
    assert found.diagnoses[0].code == "symmetric-init"
    told = {d.code: d for d in found.diagnoses}
    assert told["cannot-overfit"].because == ("symmetric-init@step 0",)


def test_nan_everywhere_is_told_and_nothing_is_tried(tmp_path):
    """Where no row is finite, bad-values says so, and what needs finite numbers is skipped."""
    np.savez(tmp_path / "a.npz", x=np.full((60, 3), np.nan), y=np.arange(60) % 3)
    raw = {"data": {"name": "npz", "path": str(tmp_path / "a.npz")}, "model": {"name": "mlp", "hidden": [4]}}
    found = check(document(raw))
    assert found.diagnoses[0].code == "bad-values"
    assert {"gradient-mismatch", "cannot-overfit"} <= set(found.skipped)


def test_the_trials_leave_the_network_alone():
    """Weights, running statistics and random streams are as they were."""
    setup = build(document(IMAGES))
    before = {name: a.copy() for name, a in setup.net.params.items()}
    gradient_errors(setup)
    tiny_fit(setup)
    for name, a in setup.net.params.items():
        assert a.tobytes() == before[name].tobytes(), name


def test_a_sound_experiment_is_ok():
    """Nothing is found, every measurement is ok, the table has every layer, and the same comes out twice."""
    found, again = (check(document(DIGITS)) for _ in range(2))
    assert found.worst() == "ok"
    assert found.skipped == []
    assert {m.verdict for m in found.measured} == {"ok"}
    assert [row.name for row in found.layers][:4] == ["flatten1", "dense1", "batch_norm1", "relu1"]
    by_name = {row.name: row for row in found.layers}
    assert (by_name["dense1"].params, by_name["dense1"].shape) == (64 * 32, (32,))
    assert by_name["batch_norm1"].std == pytest.approx(1.0, abs=0.2)
    assert {**found.as_dict(), "seconds": 0} == {**again.as_dict(), "seconds": 0}
