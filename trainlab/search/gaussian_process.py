"""Gaussian process regression: the expected score at settings that were not tried, and how uncertain it is.

Each setting has a weight in the distance; two options have distance 0 or 1. Weights and noise maximize the marginal
likelihood, coordinate by coordinate on a grid. To find out which settings count (`sparse`), the Bayesian information
criterion is the price of one that does. For tens to hundreds of points of a few settings.

scikit-learn's GaussianProcessRegressor fits the same model by gradient steps, but with its import (0.7 to 2 s) and 1 s
for the six fits of a sweep of 120 trials it would delay the end of a sweep; these fits take 0.3 s.

Source: Rasmussen & Williams 2006, "Gaussian Processes for Machine Learning", algorithm 2.1, equations 4.17 (the kernel,
Matern 5/2) and 5.1 (automatic relevance determination); Schwarz 1978, "Estimating the dimension of a model".
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from trainlab.core.types import Array

_WEIGHTS = (0.0, 0.1, 0.4, 1.5, 6.0, 25.0, 100.0)  # of squared distances, where a range of values is 1 wide
_NOISES = (0.01, 0.03, 0.1, 0.3, 1.0)  # variance of the noise, where that of the signal is 1
_ROUNDS = 2
_ENOUGH = 128  # points used to fit weights and noise
_MOST = 300  # points used to predict; both cost the cube of their number


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A model of values y at points x (n, d), each setting between 0 and 1. See `fit`."""

    x: Array
    options: Array
    weights: Array
    noise: float
    answer: Array  # K^-1 (y - mean)
    mean: float
    lower: Array  # the Cholesky factor of K
    scale: float  # variance of the signal

    @classmethod
    def fit(cls, x: Array, y: Array, options: Array, *, sparse: bool = True) -> Self:
        """Fit the model to values y (n,) at points x (n, d), to 300 of them if there are more.

        options (d,): which settings are options without an order · sparse: a setting has a weight only where the data
        ask for it. A search takes False: it must not hold a setting for useless after a few trials.
        """
        x, y = _some(x, _MOST), _some(y, _MOST)
        mean, spread = float(y.mean()), float(y.std()) or 1.0
        few = _some(x, _ENOUGH)
        scaled = (_some(y, _ENOUGH) - mean) / spread
        weights, noise = _most_likely(_distances(few, few, options), scaled, sparse=sparse)
        return cls._of(x, y - mean, options, weights, noise, mean)

    @classmethod
    def _of(cls, x: Array, y: Array, options: Array, weights: Array, noise: float, mean: float) -> Self:
        lower, answer = _solved(_kernel(_distances(x, x, options), weights), noise, y)
        return cls(x, options, weights, noise, answer, mean, lower, float(y @ answer) / len(y))

    def with_point(self, x: Array) -> Self:
        """The same model as if the expected value had been measured at one more point x (d,)."""
        known = self.mean + self.lower @ (self.lower.T @ self.answer)
        values = np.append(known, self.predict(x[None]))
        found = self._of(np.vstack([self.x, x]), values - self.mean, self.options, self.weights, self.noise, self.mean)
        return replace(found, scale=self.scale)

    def predict(self, x: Array) -> Array:
        """The expected values (m,) at points x (m, d)."""
        return self.mean + _kernel(_distances(x, self.x, self.options), self.weights) @ self.answer

    def distribution(self, x: Array) -> tuple[Array, Array]:
        """The expected values (m,) at points x (m, d), and the standard deviations of the function around them."""
        kernel = _kernel(_distances(x, self.x, self.options), self.weights)
        left = np.linalg.solve(self.lower, kernel.T)
        variance = self.scale * np.maximum(1e-12, 1.0 - np.square(left).sum(axis=0))
        return self.mean + kernel @ self.answer, np.sqrt(variance)


def _some(a: Array, most: int) -> Array:
    """At most this many rows, evenly spread."""
    return a[np.linspace(0, len(a) - 1, min(len(a), most)).astype(np.int64)]


def _distances(a: Array, b: Array, options: Array) -> Array:
    """Squared distances (d, n, m) in each setting; 1 between two different options."""
    difference = a.T[:, :, None] - b.T[:, None, :]
    return np.where(options[:, None, None], difference != 0, np.square(difference))


def _kernel(distances: Array, weights: Array) -> Array:
    """Matern 5/2 of the weighted distance."""
    r = np.sqrt(5.0 * np.tensordot(weights, distances, 1))
    return (1.0 + r + r * r / 3.0) * np.exp(-r)


def _solved(kernel: Array, noise: float, y: Array) -> tuple[Array, Array]:
    """The Cholesky factor L of K = kernel + noise I, and K^-1 y."""
    lower = np.linalg.cholesky(kernel + noise * np.eye(len(y)))
    return lower, np.linalg.solve(lower.T, np.linalg.solve(lower, y))


def _most_likely(distances: Array, y: Array, *, sparse: bool) -> tuple[Array, float]:
    """Weights and noise with the largest marginal likelihood of y, which has mean 0 and standard deviation 1."""
    weights, noise, best = np.full(len(distances), 1.5), 0.1, -np.inf
    price = 0.5 * float(np.log(len(y))) if sparse else 0.0  # of a setting that counts

    def worth(kernel: Array, weights: Array, noise: float) -> float:
        return _likelihood(kernel, noise, y) - price * np.count_nonzero(weights)

    for _ in range(_ROUNDS):
        for i in range(len(weights)):
            for weight in _WEIGHTS:
                tried = weights.copy()
                tried[i] = weight
                if (found := worth(_kernel(distances, tried), tried, noise)) > best:
                    weights, best = tried, found
        kernel = _kernel(distances, weights)
        best, noise = max((worth(kernel, weights, tried), tried) for tried in _NOISES)
    return weights, noise


def _likelihood(kernel: Array, noise: float, y: Array) -> float:
    """log p(y) up to a constant, at the most likely scale of signal and noise together."""
    lower, answer = _solved(kernel, noise, y)
    scale = max(float(y @ answer), np.finfo(np.float64).tiny)
    return -0.5 * len(y) * float(np.log(scale)) - float(np.log(np.diag(lower)).sum())
