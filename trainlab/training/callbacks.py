"""What somebody who watches a run gets to see, and the one word they may say: stop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainlab.core.types import Shape
from trainlab.diagnose.finding import Finding

WATCHED = "# Watched, not trained, by trainlab"  # how the config.yaml of another program's training begins

# a run that a monitor in `stop_on` ended has failed too; an exception never gets as far as a RunResult
EXIT_CODES = {"finished": 0, "diverged": 3, "interrupted": 130, "failed": 3}


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is about to run. `layers`: name, output shape and number of params of each; `resumed_at`: steps done.

    note: what is to be known of this session, if anything · skipped: codes that only `check` tries, before the start.
    """

    name: str
    folder: Path
    epochs: int
    steps_per_epoch: int
    train_rows: int
    val_rows: int
    test_rows: int
    parameters: int
    layers: Sequence[tuple[str, Shape, int]]
    resumed_at: int | None = None
    note: str = ""
    skipped: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run. `state`: finished, diverged, interrupted or failed; `seconds` of training, all sessions."""

    folder: Path
    state: str
    epoch: int
    step: int
    seconds: float
    best: Mapping[str, Any] | None = None
    test: Mapping[str, float] | None = None
    diagnoses: Sequence[Finding] = field(default_factory=tuple[Finding, ...])

    @property
    def exit_code(self) -> int:
        """The process's exit code, before `--fail-on` has its say."""
        return EXIT_CODES[self.state]


class Callback:
    """Watches nothing; a terminal overrides what it wants to show. Setting `stop` ends the run after its step."""

    stop: bool = False

    def on_train_begin(self, plan: RunInfo) -> None:
        """The run is about to take its first step."""

    def on_step_end(self, step: int, epoch: float, loss: float, lr: float) -> None:
        """Some more steps are done: the last one's number, the fractional epoch, its batch's loss and its lr."""

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """An epoch is done: its row of metrics.csv."""

    def on_finding(self, diagnosis: Finding) -> None:
        """Something was found."""

    def on_train_end(self, outcome: RunResult) -> None:
        """The run has ended."""
