"""Muon: momentum whose step is made orthogonal, for the matrices of the hidden layers; AdamW for the rest."""

from math import sqrt
from typing import Any, ClassVar, Literal

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.optim.optimizer import OptimizerState
from trainlab.optim.optimizers.adamw import AdamW

_A, _B, _C = 3.4445, -4.7750, 2.0315  # of the quintic polynomial that takes singular values towards 1
_TINY = 1e-7  # norm of a momentum below which it is not made longer


class Muon(AdamW, name="muon"):
    """For a weight matrix W (inputs, units): the momentum of its gradient, with singular values of about 1.

        M <- momentum M + (1 - momentum) g
        N = momentum M + (1 - momentum) g with `nesterov`, else M
        step = -lr scale O(N) - lr weight_decay W

    O(N) is N with its singular values moved near 1 by `iterations` of Newton and Schulz, so that a step changes what a
    layer computes equally in all directions, not mostly in the few of the largest gradients. It acts on all weights but
    those of the output layer (a filter of `conv` is a row of its matrix); output layer, biases, scales and embeddings
    get the step of `adamw` with b1, b2 and eps. Needs more time a step than `adamw`: some products of the matrix with
    itself.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers"; `adjust` as in torch.optim.Muon, where
    match_rms_adamw (Liu et al. 2025, arXiv:2502.16982) makes a learning rate for AdamW fit.
    """

    buffers: ClassVar[tuple[str, ...]] = ("m", "v", "momentum")

    momentum: float = setting(0.95, "decay rate of the momentum of matrices", ge=0, lt=1)
    nesterov: bool = setting(True, "look one step ahead")
    weight_decay: float = setting(
        0.1, "fraction of each weight that is removed in a step, times lr", ge=0, search={"log": [1e-3, 1.0]}
    )
    iterations: Count = setting(5, "of Newton and Schulz")
    adjust: Literal["match_rms_adamw", "original"] = setting(
        "match_rms_adamw",
        "scale of a matrix's step: 0.2 sqrt(the longer side), or sqrt(max(1, units / inputs))",
    )

    def update(self, state: OptimizerState) -> None:
        """The step of AdamW, and on the matrices that of Muon in its place."""
        super().update(state)
        self._move_matrices(state)

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        super().torch(torch, state)
        self._move_matrices(state)

    def _move_matrices(self, state: OptimizerState) -> None:
        """In words that arrays and tensors share."""
        for place, (inputs, columns), networks in state.matrices:
            g, momentum = state.g[place], state.buffers["momentum"][place]
            momentum *= self.momentum
            momentum += (1 - self.momentum) * g
            ahead = self.momentum * momentum + (1 - self.momentum) * g if self.nesterov else momentum
            made, units = ahead.reshape(inputs, columns) * 1, columns // networks
            for at in range(0, columns, units):
                made[:, at : at + units] = orthogonal(made[:, at : at + units], self.iterations)
            shrunk = self.weight_decay * state.decay_factor * state.theta[place]
            state.step[place] = -state.lr * (self._scale(inputs, units) * made.ravel() + shrunk)

    def _scale(self, inputs: int, units: int) -> float:
        return 0.2 * sqrt(max(inputs, units)) if self.adjust == "match_rms_adamw" else sqrt(max(1, units / inputs))


def orthogonal(N: Array, iterations: int) -> Array:
    """U S' V' of N = U S V', with S' of about 1 (0.7 to 1.2), for a matrix that is not 0.

    >>> import numpy as np
    >>> orthogonal(np.array([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]]), 5).round(1).tolist()
    [[0.7, 0.0, 0.0], [0.0, 1.1, 0.0]]
    """
    tall = N.shape[0] > N.shape[1]
    x: Array = (N.T if tall else N) / max(float((N * N).sum()) ** 0.5, _TINY)
    for _ in range(iterations):
        gram = x @ x.T
        x = _A * x + (_B * gram + _C * (gram @ gram)) @ x
    return x.T if tall else x
