"""The plan of training steps: it works in the slots of a Workspace.

A plan computes what the NumPy path computes, in the same memory: after a call, slots, gradient, step, parameters and
buffers are as `Trainer._step` would leave them, up to rounding. What has no kernel is done by its NumPy method.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.engine.buffers import Chain, Node, Workspace
from trainlab.engine.compiled.builder import Builder, Link, Op
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.lower_training import (
    constraint_ops,
    finish_op,
    follow_op,
    gather_op,
    loss_op,
    targets_op,
    update_op,
)
from trainlab.engine.compiled.lowering import lower_chain
from trainlab.engine.compiled.op import Step, Totals
from trainlab.engine.compiled.program import Program
from trainlab.nn.loss import Loss, LossSlot
from trainlab.optim.clipping import l2_norm
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.regularizer import Regularizer

NOT_FINITE = 1 << 32  # what tl_run takes from its answer where the last step was not taken


def links(nodes: Sequence[Node], chain: Chain) -> tuple[Link, ...]:
    """The layers of a chain with their names."""
    return tuple(
        Link(node.name, layer, slot, tuple(links(b, c) for b, c in zip(node.branches, slot.branches, strict=True)))
        for node, (layer, slot) in zip(nodes, chain, strict=True)
    )


def lower_workspace(b: Builder, work: Workspace) -> None:
    """The ops of all layers over a workspace's slots; layers without a kernel run their NumPy methods."""

    def numpy(b: Builder, link: Link) -> None:
        layer, name = link.layer, link.name
        b.python(
            forward=lambda rows: layer.forward(work.first(rows).slots[name]),
            backward=(lambda rows: layer.backward(work.first(rows).slots[name])) if b.train else None,
        )

    lower_chain(b, links(work.nodes, work.chain), numpy)


@dataclass(frozen=True, slots=True)
class Task:
    """What a training plan is made of: the trainer's own arrays and rules.

    `ends(rows)`: the workspace and loss slot for batches of so many rows · `change(x, t)`: augmentation.
    """

    work: Workspace
    x: Any
    t: Array
    t_batch: Array
    loss: Loss
    optimizer: Optimizer
    motion: OptimizerState
    penalties: Sequence[Regularizer]
    constraints: Sequence[Regularizer]
    decayed: Sequence[Array]
    clip_norm: float | None
    average: Array | None
    memory: float
    regression: bool
    ends: Callable[[int], tuple[Workspace, LossSlot]]
    change: Callable[[Array, Array], None] | None


class TrainingPlan:
    """Runs steps: from the rows of a batch to the next parameters."""

    def __init__(self, task: Task, library: Library) -> None:
        self._task, self._library = task, library
        self._builder = b = Builder(library, task.work.rows, train=True)
        lower_workspace(b, task.work)
        head = [*self._batch_ops(), *b.forwards, self._loss_op(), *b.backwards, *self._penalty_ops()]
        self._head = len(head)
        self._program = Program([*head, *self._update_ops()], library, b)
        self.sums = Totals()

    @property
    def step(self) -> Step:
        """What the interpreter says of the last step."""
        return self._program.step

    def run(self, index: Array, batch: int, steps: int, rates: Array, records: Array, done: int) -> tuple[int, bool]:
        """Up to `steps` steps over the next rows, `index` (int64, to the epoch's end); the first has number done + 1.

        Returns how many were done, and whether the last one's numbers were finite.
        """
        program = self._program
        program.step.t = done
        table = program.table
        found = self._library.c.tl_run(
            ctypes.c_void_p(table.ctypes.data),
            ctypes.c_int64(self._head),
            ctypes.c_int64(len(table)),
            ctypes.byref(program.step),
            ctypes.byref(self.sums),
            ctypes.c_void_p(index.ctypes.data),
            ctypes.c_int64(len(index)),
            ctypes.c_int64(batch),
            ctypes.c_int64(steps),
            ctypes.c_void_p(rates.ctypes.data),
            ctypes.c_void_p(records.ctypes.data),
        )
        if program.step.failed:
            program.raise_failed()
        return (found, True) if found >= 0 else (found + NOT_FINITE, False)

    # ------------------------------------------------------------------ ops

    def _batch_ops(self) -> list[Op]:
        task = self._task
        ops = [gather_op(task.x, task.work.x) or Op("call", call=self._gather), targets_op(task.t, task.t_batch)]
        return [*ops, Op("call", call=self._change)] if task.change is not None else ops

    def _gather(self, rows: int) -> None:
        gather(self._task.x, self._program.index, self._task.work.x[:rows])

    def _change(self, rows: int) -> None:
        if self._task.change is not None:
            self._task.change(self._task.work.x[:rows], self._task.t_batch[:rows])

    def _loss_op(self) -> Op:
        task = self._task
        made = loss_op(self._builder, task.loss, task.work.y, task.t_batch, task.work.dy)
        return made or Op("call", call=self._loss)

    def _loss(self, rows: int) -> None:
        step, (work, end) = self._program.step, self._task.ends(rows)
        step.loss = self._task.loss.value(end)
        step.hits = end.hits
        if self._task.regression:
            error = work.y - end.t
            step.squares = float(np.vdot(error, error))

    def _penalty_ops(self) -> list[Op]:
        task, m = self._task, self._task.motion
        known = {part.name: float(getattr(part, type(part).first)) for part in task.penalties if part.name in _FUSED}
        others = [part for part in task.penalties if part.name not in known]
        w, g = m.theta[: m.weights], m.g[: m.weights]

        def call(part: Regularizer) -> Op:
            return Op("call", call=lambda _: part.add_gradient(w, g))

        return [*map(call, others), finish_op(self._builder, m, known, task.clip_norm)]

    def _update_ops(self) -> list[Op]:
        task, b = self._task, self._builder
        fused = task.average if not task.constraints else None
        ops = [update_op(b, task.optimizer, task.motion, fused, task.memory) or Op("call", call=self._move)]
        for part in task.constraints:
            ops += constraint_ops(b, part, task.decayed) or [
                Op("call", call=lambda _, part=part: self._constrain(part))
            ]
        if task.average is not None and (fused is None or ops[0].call is not None):
            ops.append(follow_op(task.average, task.motion.theta, task.memory))
        return ops

    def _move(self, _: int) -> None:
        """An optimizer without a kernel, as `Trainer._step` has it."""
        step, m = self._program.step, self._task.motion
        if step.clip != 1.0:
            m.g *= step.clip
        m.t, m.lr = step.t, step.lr
        self._task.optimizer.update(m)
        step.move2, step.theta2 = l2_norm(m.step) ** 2, l2_norm(m.theta) ** 2
        m.theta += m.step

    def _constrain(self, part: Regularizer) -> None:
        for W in self._task.decayed:
            part.constrain(W)


_FUSED = ("l2", "l1")  # penalties that `finish_gradient` adds
