"""Callbacks of a run, and how they request a stop.

To show, record or steer a run, subclass `Callback`, override the events that you need, and pass it to `train`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.engine.backend import RECORDS

WATCHED = "# Watched, not trained, by trainlab"  # how the config.yaml of another program's training begins

# a run that a monitor in `stop_on` ended has failed too; an exception never gets as far as a RunResult
EXIT_CODES = {"finished": 0, "diverged": 3, "interrupted": 130, "failed": 3}

_LOSS, _LR = RECORDS.index("loss"), RECORDS.index("lr")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is about to run. `resumed_at`: steps done before, None for a new run.

    note: a message about this session, if there is one · skipped: codes that only `check` looks for before training ·
    data_notes: what was guessed about the data, and which setting changes it · best: which metric decides which epoch
    is the best, and why.
    """

    name: str
    folder: Path
    epochs: int
    steps_per_epoch: int
    train_rows: int
    val_rows: int
    test_rows: int
    parameters: int
    resumed_at: int | None = None
    note: str = ""
    skipped: Sequence[str] = ()
    data_notes: Sequence[str] = ()
    best: str = ""


@dataclass(frozen=True, slots=True)
class StepInfo:
    """The steps that were taken since the last event.

    step: number of the last one, counted from 1 · epoch: epochs done, a fraction within one · records (steps, 4): loss
    of the batch before its update, lr, grad_norm and update_ratio of each step; valid until the next step.
    """

    step: int
    epoch: float
    records: Array

    @property
    def loss(self) -> float:
        """Loss of the last step."""
        return float(self.records[-1, _LOSS])

    @property
    def lr(self) -> float:
        """Learning rate of the last step."""
        return float(self.records[-1, _LR])


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    state: finished, diverged, interrupted or failed · reason: why it ended before its last epoch, else empty · epoch,
    step: how many were done · seconds: of training, all sessions · best: metric, value and epoch · test: metrics of
    the best weights on the test split · data: the run's data.json, with the scores of baselines if it has any.
    """

    folder: Path
    state: str
    epoch: int
    step: int
    seconds: float
    best: Mapping[str, Any] | None = None
    test: Mapping[str, float] | None = None
    findings: Sequence[Finding] = field(default_factory=tuple[Finding, ...])
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def exit_code(self) -> int:
        """Exit code of the process, unless `--fail-on` changes it."""
        return EXIT_CODES[self.state]


class Callback:
    """Base class: every event does nothing. `request_stop` ends the run after the current step, also from a signal.

    on_request: what a session does as soon as the stop is requested, while it trains · everywhere: whether each process
    of torchrun calls it, not only the first one, which writes the run.
    """

    everywhere: ClassVar[bool] = False
    stop_reason: str = ""
    on_request: Callable[[], object] | None = None

    def request_stop(self, reason: str = "a callback has asked for it") -> None:
        """End the run after the current step, as interrupted, and give this reason in its status.

        A step that takes longer than a moment is left undone; a resumed run takes it again.
        """
        self.stop_reason = reason
        if self.on_request is not None:
            self.on_request()

    def on_train_begin(self, info: RunInfo) -> None:
        """Called before the first step of this session."""

    def on_step_end(self, info: StepInfo) -> None:
        """Called after one or more steps."""

    def on_inspection(self, step: int, names: Sequence[tuple[str, str]], values: Array) -> None:
        """Called with statistics of the layers after a step: (layer, quantity) of each, and the values."""

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Called with each epoch's row of metrics.csv; epoch 0 is the network before its first step."""

    def on_finding(self, finding: Finding) -> None:
        """Called once for each finding of a monitor."""

    def on_train_end(self, result: RunResult) -> None:
        """Called after the run has ended and its files are complete."""
