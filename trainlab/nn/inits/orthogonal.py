"""Orthogonal: weights that keep the length of every input."""

from math import prod

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init


class Orthogonal(Init, name="orthogonal"):
    """Gain times a random orthogonal matrix: all singular values equal, so deep linear networks keep every direction.

    W is seen as a matrix (inputs of a unit, units); if it is not square, its shorter side is orthonormal.

    Source: Saxe, McClelland & Ganguli 2014, arXiv:1312.6120.
    """

    gain: float = setting(1.0, "value of every singular value; sqrt(2) before relu", gt=0)

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W = gain Q, Q from the QR decomposition of a normal draw, signs made even (else Q would not be uniform)."""
        units = W.shape[-1]
        inputs = prod(W.shape[:-1])
        drawn = rng.normal(size=(max(inputs, units), min(inputs, units)))
        q, r = np.linalg.qr(drawn)
        q *= np.sign(np.diag(r))
        W[...] = self.gain * (q if inputs >= units else q.T).reshape(W.shape)
