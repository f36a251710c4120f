"""The way forth of a network as a plan, with the loss of a batch at its end."""

from trainlab.core.types import Array
from trainlab.engine.memory import Workspace, aligned
from trainlab.engine.plan.builder import Builder
from trainlab.engine.plan.library import Library
from trainlab.engine.plan.lower_training import loss_op
from trainlab.engine.plan.plan import lower_workspace
from trainlab.engine.plan.program import Program
from trainlab.nn.loss import Loss


class EvaluationPlan:
    """Outputs and scores of the rows in a workspace's x."""

    def __init__(self, work: Workspace, loss: Loss, library: Library) -> None:
        self._work, self._loss = work, loss
        self._builder = b = Builder(library, work.rows, train=False)
        lower_workspace(b, work)
        self._forward = Program(b.forwards, library, b)
        self._scores: Program | None = None
        self._t: Array | None = None

    def forward(self, rows: int) -> None:
        """y of the first `rows` rows of x."""
        self._forward.once(rows)

    def takes(self, t: Array) -> bool:
        """Whether `scores` can be asked for such targets."""
        if self._t is None or self._t.dtype != t.dtype or self._t.shape[1:] != t.shape[1:]:
            b = self._builder
            self._t = aligned((self._work.rows, *t.shape[1:]), t.dtype)
            op = loss_op(b, self._loss, self._work.y, self._t, None)
            self._scores = Program([*b.forwards, op], b.library, b) if op is not None else None
        return self._scores is not None

    def scores(self, t: Array) -> tuple[float, float]:
        """Mean loss and hits of the first rows of x with these targets, of a kind that `takes` has said yes to."""
        program = self._scores
        assert program is not None  # noqa: S101 - `takes` made it
        assert self._t is not None  # noqa: S101 - the same
        self._t[: len(t)] = t
        program.step.hits = 0.0
        program.once(len(t))
        return program.step.loss, program.step.hits
