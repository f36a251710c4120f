"""The learning-rate range test: on a bowl it blows up at 2/L, and what it suggests trains well."""

import csv
import io

import numpy as np
import pytest

from trainlab.core import config
from trainlab.core.errors import UserError
from trainlab.tools.lr_range import LrRange, as_csv, lr_range, smooth
from trainlab.training.experiment import Experiment, named
from trainlab.training.train import train

DIGITS = {
    "name": "digits",
    "data": {"name": "digits", "preprocess": ["standardize"]},
    "model": {"name": "mlp", "hidden": [64]},
    "train": {"epochs": 4, "batch_size": 64},
}


def document(raw, **changes):
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    return named(config.read_plain(Experiment, config.override(raw, changed, Experiment), "test"))


@pytest.mark.parametrize("steepness", [0.5, 1.0, 4.0])
def test_on_a_quadratic_bowl_it_blows_up_after_two_over_the_curvature(tmp_path, steepness):
    """Linear regression by whole batches: gradient descent diverges from lr = 2 / L on, L the largest curvature.

    The climbing rate is past that before the loss has grown back: the blow-up is seen within a factor of 3.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 5)) * steepness
    np.savez(tmp_path / "bowl.npz", x=x, y=x @ rng.normal(size=5) + rng.normal(size=64))
    raw = {
        "data": {"name": "npz", "path": str(tmp_path / "bowl.npz"), "split": {"val": 0.0, "test": 0.0}},
        "model": {"name": "mlp", "hidden": []},
        "loss": "mse",
        "optimizer": {"name": "sgd"},
        "train": {"batch_size": 64},
    }
    wide = np.column_stack([x, np.ones(64)])
    limit = 2 / np.linalg.eigvalsh(2 * wide.T @ wide / 64)[-1]
    found = lr_range(document(raw), low=limit / 100, high=limit * 100, repeats=1)
    assert found.blow_up is not None
    assert limit < found.blow_up < 3 * limit
    assert found.suggestion is not None
    assert limit / 30 < found.suggestion < limit / 2


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_what_is_suggested_trains_well(tmp_path, optimizer):
    """On the digits the suggested rate does at least as well as the optimizer's default, within noise."""
    found = lr_range(document(DIGITS, optimizer={"name": optimizer}))
    assert found.suggestion is not None
    assert found.blow_up is not None
    assert found.suggestion < found.blow_up / 5
    default = train(document(DIGITS, optimizer={"name": optimizer}), runs=tmp_path)
    suggested = train(document(DIGITS, optimizer={"name": optimizer, "lr": found.suggestion}), runs=tmp_path)
    assert default.best is not None
    assert suggested.best is not None
    assert suggested.best["value"] > max(0.93, default.best["value"] - 0.01)


def test_one_odd_batch_is_no_news():
    """A single spike leaves no trace, and a constant stays what it is from the first step on."""
    losses = np.full(50, 2.0)
    losses[[3, 20]] = 1e6
    assert smooth(losses) == pytest.approx(np.full(50, 2.0))
    broken = smooth(np.array([1.0, 1.0, np.inf, 1.0]))
    assert np.isfinite(broken).all()


def test_it_stops_and_repeats():
    """It stops once the loss is far above its best, and the same seeds give the same curve."""
    one, two = (lr_range(document(DIGITS), steps=150, repeats=2) for _ in range(2))
    assert isinstance(one, LrRange)
    assert len(one.lr) < 150
    assert one.smoothed.tolist() == two.smoothed.tolist()
    assert list(one.seeds) == [0, 1]
    assert one.losses[0].tolist() != one.losses[1].tolist()
    rows = list(csv.DictReader(io.StringIO(as_csv(one))))
    assert list(rows[0]) == ["step", "lr", "smoothed", "seed_0", "seed_1"]
    assert [float(row["lr"]) for row in rows] == one.lr.tolist()


def test_a_network_that_cannot_learn_gets_no_false_advice():
    """Where the loss falls at no rate, that is said."""
    found = lr_range(document(DIGITS, model__init="zeros", optimizer={"name": "sgd"}), high=0.1, repeats=1)
    assert found.steepest is None
    assert found.why.startswith("the loss does not fall at any rate")


def test_a_loss_that_is_broken_from_the_start(tmp_path):
    """nan in the data: nothing is suggested, and nothing breaks."""
    np.savez(tmp_path / "a.npz", x=np.full((60, 3), np.nan), y=np.arange(60) % 3)
    raw = {"data": {"name": "npz", "path": str(tmp_path / "a.npz")}, "model": {"name": "mlp", "hidden": [4]}}
    found = lr_range(document(raw), repeats=1)
    assert (found.suggestion, found.blow_up, len(found.lr)) == (None, None, 0)


def test_ramps_that_make_no_sense():
    """A ramp that does not climb, and an optimizer that has no rate, are refused in words."""
    with pytest.raises(UserError) as caught:
        lr_range(document(DIGITS), low=1.0, high=0.1)
    assert str(caught.value) == ("the rate must climb: from 1 to 0.1 it does not; give 0 < --from < --to")
    with pytest.raises(UserError, match="lbfgs chooses the length of each step itself"):
        lr_range(document(DIGITS, optimizer={"name": "lbfgs"}))
