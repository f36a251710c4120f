"""Weight averaging and early stopping."""

import math

import numpy as np
import pytest

from trainlab.core.metric_names import lower_is_better
from trainlab.optim.averaging import Average
from trainlab.optim.stopping import EarlyStopping


def averaged(thetas, decay, dtype="f8"):
    """The average after each theta, from an average that began as rubbish."""
    average, found = np.full(1, 99, dtype), []
    for t, theta in enumerate(thetas, 1):
        Average(decay).follow(average, np.full(1, theta, dtype), t)
        found.append(float(average[0]))
    return found


def test_average_starts_at_theta():
    """The first average is the first theta; what was there before does not count."""
    assert averaged([4.0], 0.999) == [4.0]


def test_average_by_hand():
    """d is 0, 1/10, 2/11 in the first steps."""
    assert averaged([4.0, 2.0, 13.0], 0.999) == pytest.approx([4.0, 2.2, 2.2 * 2 / 11 + 13 * 9 / 11])


def test_average_constant():
    """The shares of all thetas sum to 1: the average of a constant is the constant."""
    assert averaged([3.0] * 50, 0.9) == pytest.approx([3.0] * 50)


def test_average_late():
    """Once warm it is the plain exponential average: a jump is felt by a share of 1 - decay, then fades by decay."""
    got = averaged([0.0] * 200 + [1.0] + [0.0] * 3, 0.9)
    assert got[-4:] == pytest.approx([0.1, 0.09, 0.081, 0.0729])


def test_average_keeps_type():
    """A float32 average stays float32 and leaves theta as it was."""
    average, theta = np.zeros(3, "f4"), np.ones(3, "f4")
    Average(0.5).follow(average, theta, 1)
    assert average.dtype == np.float32
    np.testing.assert_array_equal(theta, np.ones(3))


def stops(history, lower=True, **settings):
    """The epoch in which the run ends, or None."""
    rule = EarlyStopping(**settings)
    ends = [n for n in range(1, len(history) + 1) if rule.should_stop(history[:n], lower)]
    return ends[0] if ends else None


def test_stops_after_patience():
    """The run ends `patience` epochs after its best one."""
    assert stops([0.9, 0.7, 0.8, 0.75, 0.8, 0.5], patience=3) == 5
    assert stops([0.9, 0.7, 0.8, 0.75, 0.6, 0.7, 0.7, 0.7], patience=3) == 8
    assert stops([0.9, 0.8, 0.7, 0.6], patience=1) is None
    assert not EarlyStopping(patience=1).should_stop([], True)


def test_stops_higher_is_better():
    """The direction is handed in."""
    assert stops([0.5, 0.6, 0.6, 0.55], lower=False, patience=2) == 4
    assert stops([0.5, 0.6, 0.7], lower=False, patience=1) is None


def test_stops_min_delta():
    """An improvement smaller than min_delta does not count, and does not move the best."""
    assert stops([1.0, 0.95, 0.9, 0.85], patience=2, min_delta=0.2) == 3
    assert stops([1.0, 0.95, 0.75, 0.7], patience=3, min_delta=0.2) is None


def test_stops_nan():
    """A metric that is not a number is no improvement."""
    assert stops([math.nan] * 5, patience=2) == 2
    assert stops([0.5, math.nan, math.nan, 0.4], patience=2) == 3


@pytest.mark.parametrize(
    ("metric", "want"),
    [
        ("val_loss", True),
        ("train_accuracy", False),
        ("val_r2", False),
        ("val_f1", False),
        ("test_f1_macro", False),
        ("val_top5", False),
        ("val_top5_accuracy", False),
        ("val_mae", True),
        ("val_error", True),
        ("val_top_1_error", True),
        ("valid/auc", False),
        ("val_cohen_kappa", False),
        ("val_explained_variance", False),
        ("grad_norm", True),
        ("seconds", True),
    ],
)
def test_direction(metric, want):
    """Accuracy, R2, F1 and their kin are better when higher; losses and errors when lower."""
    assert lower_is_better(metric) is want
