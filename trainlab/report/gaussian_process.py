"""A smooth model of scattered numbers: what a score is likely to be at settings that were not tried.

Settings count by a weight each, and options by whether they are the same. The weights and the noise are those under
which the known numbers are most likely, found coordinate by coordinate on a grid; a setting counts only where that
makes them more likely than one more number to choose does by chance. It is made for tens to hundreds of points of a
few settings, where it takes milliseconds.

Source: Rasmussen & Williams 2006, "Gaussian Processes for Machine Learning", algorithm 2.1, equations 4.17 (the kernel,
Matern 5/2) and 5.1 (automatic relevance determination); Schwarz 1978, "Estimating the dimension of a model".
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from trainlab.core.types import Array

_WEIGHTS = (0.0, 0.1, 0.4, 1.5, 6.0, 25.0, 100.0)  # of squared distances, where a range of values is 1 wide
_NOISES = (0.01, 0.03, 0.1, 0.3, 1.0)  # variance of the noise, where that of the signal is 1
_ROUNDS = 2
_ENOUGH = 128  # points from which weights and noise are found,
_MOST = 300  # and from which the numbers are told: both cost the cube of it


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A model of points x (n, d), each setting between 0 and 1, with numbers y. See `fit`."""

    x: Array
    options: Array
    weights: Array
    noise: float
    answer: Array  # K^-1 (y - mean)
    mean: float

    @classmethod
    def fit(cls, x: Array, y: Array, options: Array) -> Self:
        """The model of numbers y (n,) at points x (n, d), of 300 of them if there are more.

        options (d,): which settings are options, without an order.
        """
        x, y = _some(x, _MOST), _some(y, _MOST)
        mean, spread = float(y.mean()), float(y.std()) or 1.0
        few = _some(x, _ENOUGH)
        weights, noise = _likeliest(_apart(few, few, options), (_some(y, _ENOUGH) - mean) / spread)
        answer = _solved(_kernel(_apart(x, x, options), weights), noise, y - mean)[1]
        return cls(x, options, weights, noise, answer, mean)

    def predict(self, x: Array) -> Array:
        """What the numbers are likely to be at points x (m, d)."""
        return self.mean + _kernel(_apart(x, self.x, self.options), self.weights) @ self.answer


def _some(a: Array, most: int) -> Array:
    """Rows of it, evenly spread, no more than `most`."""
    return a[np.linspace(0, len(a) - 1, min(len(a), most)).astype(np.int64)]


def _apart(a: Array, b: Array, options: Array) -> Array:
    """Squared distances (d, n, m) in each setting; 1 between two options."""
    difference = a.T[:, :, None] - b.T[:, None, :]
    return np.where(options[:, None, None], difference != 0, np.square(difference))


def _kernel(apart: Array, weights: Array) -> Array:
    """Matern 5/2 of the weighted distance."""
    r = np.sqrt(5.0 * np.tensordot(weights, apart, 1))
    return (1.0 + r + r * r / 3.0) * np.exp(-r)


def _solved(kernel: Array, noise: float, y: Array) -> tuple[Array, Array]:
    """The Cholesky factor of the kernel with its noise, and the answer to y."""
    lower = np.linalg.cholesky(kernel + noise * np.eye(len(y)))
    return lower, np.linalg.solve(lower.T, np.linalg.solve(lower, y))


def _likeliest(apart: Array, y: Array) -> tuple[Array, float]:
    """Weights and noise with the largest marginal likelihood of y, whose mean is 0 and whose spread is 1."""
    weights, noise, best = np.full(len(apart), 1.5), 0.1, -np.inf
    price = 0.5 * float(np.log(len(y)))  # of a setting that counts

    def worth(kernel: Array, weights: Array, noise: float) -> float:
        return _likelihood(kernel, noise, y) - price * np.count_nonzero(weights)

    for _ in range(_ROUNDS):
        for i in range(len(weights)):
            for weight in _WEIGHTS:
                tried = weights.copy()
                tried[i] = weight
                if (found := worth(_kernel(apart, tried), tried, noise)) > best:
                    weights, best = tried, found
        kernel = _kernel(apart, weights)
        best, noise = max((worth(kernel, weights, tried), tried) for tried in _NOISES)
    return weights, noise


def _likelihood(kernel: Array, noise: float, y: Array) -> float:
    """log p(y), but for a constant; the scale of signal and noise together is the likeliest."""
    lower, answer = _solved(kernel, noise, y)
    scale = max(float(y @ answer), np.finfo(np.float64).tiny)
    return -0.5 * len(y) * float(np.log(scale)) - float(np.log(np.diag(lower)).sum())
