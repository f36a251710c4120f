"""From the gradient to the next parameters, by the PyTorch forms of the rules, or without one by its NumPy method."""

from collections.abc import Sequence
from math import isfinite, sqrt
from typing import Any

from trainlab.core.types import Array
from trainlab.engine.backend import TrainingJob, Update
from trainlab.engine.torch.memory import Mirror
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.regularizer import Regularizer


class TorchUpdate:
    """The rules of a job on tensors.

    own, host: the optimizer's state with tensors and with arrays · decayed: the weights of constraints, both ways.
    """

    def __init__(
        self,
        job: TrainingJob,
        torch: Any,
        mirror: Mirror,
        own: OptimizerState,
        host: OptimizerState,
        decayed: Sequence[tuple[Array, Any]],
    ) -> None:
        self._config, self._torch, self._mirror = job.config, torch, mirror
        self._own, self._host, self._decayed = own, host, decayed
        self._average = None if job.average is None else mirror.of(job.average)
        self._penalties = [rule for rule in job.config.regularizers if rule.penalizes]
        self._constraints = [rule for rule in job.config.regularizers if rule.constrains]

    @property
    def functions(self) -> Update:
        """What a training step calls."""
        return Update(self._finish, self._apply)

    def penalize(self) -> None:
        """Add the penalties to the gradient. The line search of L-BFGS needs no more: its gradients are not clipped."""
        for rule in self._penalties:
            self._penalize(rule)

    def _finish(self) -> float:
        self.penalize()
        g: Any = self._own.g
        limit = self._config.clip_norm
        norm = sqrt(float(self._torch.dot(g, g)))
        if not isfinite(norm):  # the squares may have overflowed where the numbers have not
            norm = float(self._torch.linalg.vector_norm(g.cpu().double()))
        if limit and isfinite(norm) and norm > limit:
            g *= limit / norm
        return norm

    def _apply(self, t: int, lr: float, decay: float, last: bool) -> tuple[Any, Any]:
        own, config, torch = self._own, self._config, self._torch
        for state in (own, self._host):
            state.t, state.lr, state.decay_factor = t, lr, decay
        self._move()
        moved, size = torch.dot(own.step, own.step), torch.dot(own.theta, own.theta)
        own.theta += own.step
        for rule in self._constraints:
            self._constrain(rule)
        if self._average is not None:
            d = min(config.average or 0.0, (t - 1) / (t + 8))
            self._average.lerp_(own.theta, 1 - d)
        return moved, size

    def _move(self) -> None:
        """The step."""
        optimizer, own = self._config.optimizer, self._own
        if type(optimizer).torch is not Optimizer.torch:
            optimizer.torch(self._torch, own)
            for part, factor in own.factors:
                own.step[part] *= factor
            return
        self._mirror.pull()
        optimizer.take(self._host)
        self._mirror.push(written=True)

    def _penalize(self, rule: Regularizer) -> None:
        own, host = self._own, self._host
        if type(rule).torch_gradient is not Regularizer.torch_gradient:
            rule.torch_gradient(self._torch, own.theta[: own.weights], own.g[: own.weights])
            return
        self._mirror.pull()
        rule.add_gradient(host.theta[: host.weights], host.g[: host.weights])
        self._mirror.push(written=True)

    def _constrain(self, rule: Regularizer) -> None:
        own = type(rule).torch_constrain is not Regularizer.torch_constrain
        if not own:
            self._mirror.pull()
        for host, W in self._decayed:
            rule.torch_constrain(self._torch, W) if own else rule.constrain(host)
        if not own:
            self._mirror.push(written=True)
