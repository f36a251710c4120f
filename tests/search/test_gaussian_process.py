"""The model behind `what mattered`, against scikit-learn's Gaussian process and functions that are known."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from trainlab.search.gaussian_process import GaussianProcess

NONE = np.zeros(3, np.bool_)


def points(rows: int, seed: int = 0):
    """Points of three settings."""
    return np.random.default_rng(seed).random((rows, 3))


def test_predictions_are_those_of_scikit_learn():
    """With the weights and the noise that it found, scikit-learn's model of the same kernel says the same."""
    x = points(60)
    y = np.sin(5 * x[:, 0]) + x[:, 1] ** 2
    got = GaussianProcess.fit(x, y, NONE)
    assert (got.weights > 0).sum() >= 2
    used = got.weights > 0
    kernel = Matern(1 / np.sqrt(got.weights[used]), nu=2.5)
    want = GaussianProcessRegressor(kernel, alpha=got.noise, optimizer=None).fit(x[:, used], y - y.mean())
    new = points(40, seed=1)
    np.testing.assert_allclose(got.predict(new), want.predict(new[:, used]) + y.mean(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("rows", [40, 400])
def test_it_finds_a_smooth_function_and_what_it_does_not_depend_on(rows):
    """Unseen points are told to a few percent of the spread; the setting that does nothing weighs least."""
    x = points(rows)
    model = GaussianProcess.fit(x, np.cos(4 * x[:, 0]) * (1 + x[:, 1]), NONE)
    new = points(200, seed=1)
    want = np.cos(4 * new[:, 0]) * (1 + new[:, 1])
    assert np.std(model.predict(new) - want) < 0.1 * np.std(want)
    assert model.weights[2] < model.weights[:2].min()


def test_noise_is_taken_for_noise():
    """Of numbers that have nothing to do with the settings it says their mean, about."""
    y = np.random.default_rng(2).normal(size=80)
    model = GaussianProcess.fit(points(80), y, NONE)
    assert np.std(model.predict(points(200, seed=1))) < 0.5 * np.std(y)


def test_options_have_no_order():
    """Renumbered options make the same model; as numbers they would not."""
    x = points(60)
    x[:, 2] = np.round(2 * x[:, 2]) / 2
    y = x[:, 0] + np.array([0.0, 2.0, 0.5])[(2 * x[:, 2]).astype(int)]
    other = x.copy()
    other[:, 2] = np.array([0.5, 0.0, 1.0])[(2 * x[:, 2]).astype(int)]
    options = np.array([False, False, True])
    one, two = GaussianProcess.fit(x, y, options), GaussianProcess.fit(other, y, options)
    np.testing.assert_allclose(one.predict(x), two.predict(other))
    three = GaussianProcess.fit(other, y, NONE)
    assert not np.allclose(three.predict(other), one.predict(x))


def test_equal_numbers_are_no_crash():
    """Where all numbers are the same, it says that number."""
    model = GaussianProcess.fit(points(20), np.full(20, 3.0), NONE)
    np.testing.assert_allclose(model.predict(points(5, seed=1)), 3.0)
