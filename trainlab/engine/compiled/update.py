"""From the gradient to the next parameters by kernels: penalties, clipping, optimizer, constraints, average."""

from math import sqrt

from trainlab.engine.backend import TrainingJob, Update
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.op import Step
from trainlab.engine.compiled.program import Program
from trainlab.engine.compiled.rules import constraint_ops, finish_op, follow_op, penalty_strength, update_op
from trainlab.optim.clipping import l2_norm
from trainlab.optim.regularizer import Regularizer


class UpdateOps:
    """The ops of one job. step: of the program that runs them · finish: complete the gradient and measure its norm ·
    apply: write the next parameters.
    """

    def __init__(self, b: Builder, job: TrainingJob, step: Step) -> None:
        self._builder, self._job, self._step = b, job, step
        self.finish, self.apply = self._finish_ops(), self._apply_ops()

    def _finish_ops(self) -> list[Op]:
        """Penalties without a kernel, then `finish_gradient` with the others."""
        state = self._job.state
        w, g = state.theta[: state.weights], state.g[: state.weights]
        strengths: dict[str, float] = {}
        calls: list[Op] = []
        for rule in self._job.config.regularizers:
            if not rule.penalizes:
                continue
            known = penalty_strength(rule)
            if known is not None:
                strengths |= known
            else:
                calls.append(Op("call", call=lambda _, rule=rule: rule.add_gradient(w, g)))
        return [*calls, finish_op(self._builder, state, strengths, self._job.config.clip_norm)]

    def _apply_ops(self) -> list[Op]:
        job, b = self._job, self._builder
        constraints = [rule for rule in job.config.regularizers if rule.constrains]
        decay = job.config.average or 0.0
        fused = job.average if not constraints else None
        ops = [update_op(b, job.config.optimizer, job.state, fused, decay) or Op("call", call=self._update)]
        for rule in constraints:
            ops += constraint_ops(b, rule, job.decayed) or [Op("call", call=lambda _, rule=rule: self._constrain(rule))]
        if job.average is not None and (fused is None or ops[0].call is not None):
            ops.append(follow_op(job.average, job.state.theta, decay))
        return ops

    def _update(self, _: int) -> None:
        """The update of an optimizer without a kernel."""
        step, state = self._step, self._job.state
        if step.clip != 1.0:
            state.g *= step.clip
        state.t, state.lr, state.decay_factor = step.t, step.lr, step.decay
        self._job.config.optimizer.take(state)
        step.move2, step.theta2 = l2_norm(state.step) ** 2, l2_norm(state.theta) ** 2
        state.theta += state.step

    def _constrain(self, rule: Regularizer) -> None:
        for W in self._job.decayed:
            rule.constrain(W)


def compile_update(job: TrainingJob, library: Library) -> Update | None:
    """The ops as two functions, for a backend that computes the gradient; None if a part has no kernel."""
    step, b = Step(), Builder(library, job.batch.work.rows, train=True)
    ops = UpdateOps(b, job, step)
    if any(op.call is not None for op in (*ops.finish, *ops.apply)):
        return None
    finish, apply = (Program(part, library, b, step) for part in (ops.finish, ops.apply))

    def finished() -> float:
        finish.once(0)
        return sqrt(step.grad2)

    def applied(t: int, lr: float, decay: float, last: bool) -> tuple[float, float]:
        step.t, step.lr, step.decay, step.last = t, lr, decay, last
        apply.once(0)
        return step.move2, step.theta2

    return Update(finished, applied)
