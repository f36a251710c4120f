"""Training steps by kernels, in the memory of the trainer's workspace.

A call computes what the NumPy backend computes, in the same arrays and up to rounding: the slots of the layers, the
gradient, the step, the parameters and the optimizer's buffers.
"""

import ctypes
from typing import Any

import numpy as np

from trainlab.data.lazy import gather
from trainlab.engine.backend import Steps, Sums, TrainingJob
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.chain import lower_workspace
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.op import Step, Totals
from trainlab.engine.compiled.program import Program
from trainlab.engine.compiled.rules import gather_op, loss_op, targets_op
from trainlab.engine.compiled.update import UpdateOps
from trainlab.engine.members import loss_slot

NOT_FINITE = 1 << 32  # what tl_run subtracts from its result if the last step was not applied


class CompiledTraining:
    """A program of one training step, which one call runs for many steps."""

    def __init__(self, job: TrainingJob, library: Library) -> None:
        self._job, self._library, self._work = job, library, job.batch.work
        self._builder = b = Builder(library, self._work.rows, train=True)
        self._step = Step()
        lower_workspace(b, self._work)
        before, update = [*self._schedule_ops(), *self._batch_ops()], UpdateOps(b, job, self._step)
        head = [*before, *b.forwards, *self._loss_ops(), *b.backwards, *update.finish]
        self._head = len(head)  # ops up to the check whether all numbers are finite
        self._program = Program([*head, *update.apply], library, b, self._step)
        self._totals = Totals()

    def run(self, steps: Steps) -> tuple[int, bool]:
        """Run the steps; how many were run, and whether all their numbers were finite."""
        program, index = self._program, steps.index
        self._step.t = steps.first - 1
        self._step.leave = None if steps.leave is None else steps.leave.ctypes.data
        _copy_sums(steps.sums, self._totals)
        found = self._library.c.tl_run(
            ctypes.c_void_p(program.table.ctypes.data),
            ctypes.c_int64(self._head),
            ctypes.c_int64(len(program.table)),
            ctypes.byref(self._step),
            ctypes.byref(self._totals),
            ctypes.c_void_p(index.ctypes.data),
            ctypes.c_int64(len(index)),
            ctypes.c_int64(self._work.rows),
            ctypes.c_int64(len(steps.rates)),
            ctypes.c_void_p(steps.rates.ctypes.data),
            ctypes.c_void_p(steps.records.ctypes.data),
        )
        program.raise_failed()
        _copy_sums(self._totals, steps.sums)
        return (found, True) if found >= 0 else (found + NOT_FINITE, False)

    # ------------------------------------------------------------------ ops, and what NumPy does between them

    def _schedule_ops(self) -> list[Op]:
        """Tells dropout layers without a kernel the factor on their rate."""
        return [Op("call", call=self._set_drop)] if self._job.config.dropout_schedule is not None else []

    def _set_drop(self, _: int) -> None:
        self._work.drop_factor[0] = self._step.drop

    def _batch_ops(self) -> list[Op]:
        job = self._job
        rows = gather_op(job.x, self._work.x) or Op("call", call=self._gather)
        ops = [rows, targets_op(job.targets, job.batch.t)]
        if job.weights is not None and job.batch.weights is not None:
            ops.append(targets_op(job.weights, job.batch.weights))
        return [*ops, Op("call", call=self._augment)] if job.augment is not None else ops

    def _gather(self, rows: int) -> None:
        gather(self._job.x, self._program.index, self._work.x[:rows])

    def _augment(self, rows: int) -> None:
        if self._job.augment is not None:
            self._job.augment(self._work.x[:rows], self._job.batch.t[:rows])

    def _loss_ops(self) -> list[Op]:
        """The loss; of several members, of a row for every member of a row."""
        batch, work, b, members = self._job.batch, self._work, self._builder, self._job.members
        if members == 1:
            made = loss_op(b, self._job.config.loss, work.y, batch.t, work.dy, batch.weights)
            return [made or Op("call", call=self._loss)]
        wide = loss_slot(members, work.y, batch.t, work.dy, batch.weights)
        made = loss_op(b, self._job.config.loss, wide.y, wide.t, wide.dy, wide.weights)
        if made is None:
            return [Op("call", call=self._loss)]
        repeated = [(batch.t, wide.t), *([] if batch.weights is None else [(batch.weights, wide.weights)])]
        copies = [
            Op("for_members", [a.itemsize * int(np.prod(a.shape[1:])), members], (), [a, out]) for a, out in repeated
        ]
        return [*copies, Op("as_members", [members]), made, Op("as_one", [members])]

    def _loss(self, rows: int) -> None:
        step, (_, end), members = self._step, self._job.batch.first(rows), self._job.members
        end = loss_slot(members, end.y, end.t, end.dy, end.weights)
        step.loss = self._job.config.loss.value(end)
        step.hits = end.hits / members
        if self._job.config.regression:
            error = self._job.config.loss.point(end.y) - end.t
            step.squares = float(np.vdot(error, error)) / members


def _copy_sums(one: Sums | Totals, other: Any) -> None:
    other.rows, other.steps, other.loss, other.hits = one.rows, one.steps, one.loss, one.hits
    other.squares, other.grad_norm, other.update_ratio = one.squares, one.grad_norm, one.update_ratio
