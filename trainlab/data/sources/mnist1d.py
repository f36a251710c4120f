"""MNIST-1D: ten one-dimensional shapes, moved, stretched and buried in noise."""

from collections.abc import Callable

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._generated import Samples, class_of_each, named

_TEMPLATES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
_PADDED, _SHORTEST_PAD, _LENGTH = 72, 36, 40


class Mnist1d(Source, name="mnist1d"):
    """Rows of 40 numbers, each one of ten digit-like curves: padded, stretched, scaled, moved, sheared, in noise.

    A linear model gets about 0.3 of it, an MLP about 0.65, a convolutional network 0.9 and more: small and fast, and
    yet it shows differences between models. Over all numbers, the mean is 0 and the standard deviation 1, as in the
    original.

    Source: S. Greydanus and D. Kobak 2020, arXiv:2011.14439, "Scaling Down Deep Learning with MNIST-1D", with its
    default settings (5000 rows; the authors' frozen set used other random numbers).
    """

    samples: Samples = setting(5000, "number of rows")
    scale: float = setting(0.4, "the curve's height varies by this much, from 1 - scale/2 to 1 + scale/2", ge=0)
    shift: int = setting(48, "how many of 72 places a curve may be moved", ge=1, le=72)
    shear: float = setting(0.75, "largest slope added, over the whole row, times a half", ge=0)
    correlated_noise: float = setting(0.25, "smooth noise where the curve is not", ge=0)
    noise: float = setting(0.02, "standard deviation of the noise at every place", ge=0)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Rows in random order of classes."""
        y = class_of_each(self.samples, 10, rng)
        x = np.stack([self._moved(curve, rng) for curve in _templates()[y]])
        smooth = self.correlated_noise * rng.normal(size=x.shape) @ _on_each_unit(_smoothed)
        x = np.where(x != 0, x, smooth)
        x = x + self.noise * rng.normal(size=x.shape)
        x = x - self.shear * (rng.uniform(size=(len(x), 1)) - 0.5) * np.linspace(-0.5, 0.5, _PADDED)
        x = x @ _on_each_unit(lambda row: _resampled(row, _LENGTH))
        return Loaded(Rows((x - x.mean()) / x.std(), y), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Forty numbers, ten classes."""
        return (_LENGTH,), named(10)

    def _moved(self, curve: Array, rng: np.random.Generator) -> Array:
        """One curve among zeros, stretched, scaled and moved."""
        zeros = np.zeros(rng.integers(_SHORTEST_PAD, _PADDED - len(curve) + 1))
        row = _resampled(np.concatenate([curve + 1e-8, zeros]), _PADDED)
        return np.roll(row * (1 + self.scale * (rng.uniform() - 0.5)), rng.integers(self.shift))


def _templates() -> Array:
    """Each curve with standard deviation 1/6, starting at 0."""
    curves = np.array(_TEMPLATES)
    curves = curves / curves.std(axis=1, keepdims=True)
    return (curves - curves[:, :1]) / 6


def _on_each_unit(change: Callable[[Array], Array]) -> Array:
    """The matrix M with row @ M = change(row), for a change that is linear in the row."""
    return np.stack([change(unit) for unit in np.eye(_PADDED)])


def _resampled(row: Array, length: int) -> Array:
    """The row drawn through straight lines, read at equally spaced places."""
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(row)), row)


def _smoothed(row: Array) -> Array:
    """Gaussian filter of standard deviation 2, cut at 4 deviations, mirrored at the ends (SciPy's default)."""
    weight = np.exp(-0.5 * (np.arange(-8, 9) / 2.0) ** 2)
    return np.convolve(np.pad(row, 8, mode="symmetric"), weight / weight.sum(), mode="valid")
