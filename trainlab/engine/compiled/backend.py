"""The compiled backend: C kernels in float32, with the same bits on any number of threads."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.core.types import Array
from trainlab.engine.backend import Backend, Evaluation, Passes, Statistics, TrainingJob, TrainSteps, Update
from trainlab.engine.buffers import Workspace
from trainlab.engine.compiled.evaluation import CompiledEvaluation
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.passes import compile_passes
from trainlab.engine.compiled.statistics import compile_statistics
from trainlab.engine.compiled.training import CompiledTraining
from trainlab.engine.compiled.update import compile_update
from trainlab.engine.graph import Node
from trainlab.engine.numpy_backend import NumpyBackend
from trainlab.engine.probe_sums import ProbeSums
from trainlab.nn.loss import Loss


class CompiledBackend(Backend):
    """Runs networks on one build of the kernels. A full-batch optimizer (L-BFGS) trains on the NumPy backend."""

    name = "compiled"

    def __init__(self, library: Library) -> None:
        self.library = library
        self.level = library.level

    def describe(self) -> dict[str, Any]:
        """The name, the processor level and the file of the kernels."""
        return {"name": self.name, "level": self.level, "kernels": self.library.path.name}

    def prepare_training(self, job: TrainingJob) -> TrainSteps:
        """One call for many steps."""
        if job.config.optimizer.full_batch:
            return NumpyBackend().prepare_training(job)
        return CompiledTraining(job, self.library).run

    def prepare_update(self, job: TrainingJob) -> Update | None:
        """Two calls a step; None for an optimizer or a regularizer without a kernel."""
        return None if job.config.optimizer.full_batch else compile_update(job, self.library)

    def prepare_evaluation(self, work: Workspace, loss: Loss) -> Evaluation:
        """One call for a batch, or for the scores of a whole set."""
        made = CompiledEvaluation(work, loss, self.library)
        return Evaluation(made.forward, made.scores)

    def prepare_statistics(self, nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array]) -> Statistics:
        """One call for all layers."""
        return compile_statistics(nodes, work, step, self.library)

    def prepare_passes(self, work: Workspace, sums: ProbeSums) -> Passes:
        """Every layer by itself, one call for a pass."""
        return compile_passes(work, sums, self.library)
