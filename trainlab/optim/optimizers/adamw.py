"""AdamW: Adam with weight decay that does not pass through the gradient."""

from typing import Any

from trainlab.core.component import setting
from trainlab.optim.optimizer import OptimizerState
from trainlab.optim.optimizers.adam import Adam


class AdamW(Adam, name="adamw"):
    """step = (step of `adam`) - lr weight_decay w: every weight shrinks at the same rate.

    With an L2 penalty in Adam, weights with large gradients are hardly decayed; here they all are. Biases, scales and
    shifts are not decayed. Leave `regularization.l2` at 0, or weights shrink twice.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2; the decay is multiplied by lr, as in torch.
    """

    weight_decay: float = setting(
        0.01, "fraction of each weight that is removed in a step, times lr", ge=0, search={"log": [1e-4, 1.0]}
    )

    def update(self, state: OptimizerState) -> None:
        """The step of `adam`, minus lr weight_decay w for the weights."""
        super().update(state)
        w = state.theta[: state.weights]
        state.step[: state.weights] -= state.lr * self.weight_decay * state.decay_factor * w

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        super().torch(torch, state)
        step: Any = state.step[: state.weights]
        step.add_(state.theta[: state.weights], alpha=-state.lr * self.weight_decay * state.decay_factor)
