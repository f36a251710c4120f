"""The training that another program's loop reports, step by step and epoch by epoch: the same for every framework.

A reader (`reading.py`) measures the network, `Watch` collects what the loop tells, `WatchedRun` writes and judges it.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from warnings import warn

import numpy as np

from trainlab.core.config import read_plain
from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.integrations.reading import ModelReader, Stepped
from trainlab.integrations.run import Run
from trainlab.integrations.training_info import TrainingInfo
from trainlab.integrations.user_data import UserData
from trainlab.integrations.watched_run import WatchedRun
from trainlab.store.status import State
from trainlab.training.monitor_settings import Monitoring

_SOON, _WIDEST = 50, 1000  # steps between two inspections, at first and at most
_TURNS = 3  # steps right after another's: one may be the end of a training that nobody closed
_IDLE = 200  # calls without a step of the optimizer, after which a warning is shown

Say = Callable[[Finding], object]


def printed(diagnosis: Finding) -> None:
    """Print a finding to stderr."""
    d = diagnosis
    place = f"epoch {d.epoch}, step {d.step}"
    because = f" (because of {', '.join(d.because)})" if d.because else ""
    print(f"trainlab: {d.severity} {d.code} ({place}): {d.message}{because}\n    {d.advice}", file=sys.stderr)


def monitors_of(settings: Mapping[str, Any] | None, every: int | None) -> Monitoring:
    """The block `monitors` of a config, from plain data. Raises ConfigError."""
    own = {} if every is None else {"every": every}
    made = read_plain(Monitoring, {**own, **(settings or {})}, "monitors").value
    return made if isinstance(made.every, int) else made.model_copy(update={"every": every or made.every})


def spacing(step: int) -> int:
    """Steps from one inspection to the next, where no number was given: a twentieth of the run so far. What goes wrong
    early is seen early, and the inspections of a long run cost a fixed share of it, at last next to nothing.

    >>> [spacing(step) for step in (50, 1000, 2000, 100_000)]
    [50, 50, 100, 1000]
    """
    return min(_WIDEST, max(_SOON, step // 20))


@dataclass
class _Sums:
    """What an epoch adds up: a mean needs no list."""

    steps: int = 0
    loss: float = 0.0
    grad_norm: float = 0.0
    update_ratio: float = 0.0
    scores: list[Any] = field(default_factory=list[Any])

    def add(self, rows: Array) -> None:
        self.steps += len(rows)
        self.loss, self.grad_norm, self.update_ratio = (
            before + float(rows[:, i].sum())
            for before, i in ((self.loss, 0), (self.grad_norm, 2), (self.update_ratio, 3))
        )


class Watch:
    """A watched training; a context manager."""

    _stepping: ClassVar["Watch | None"] = None  # the one that made the last step

    def __init__(
        self,
        reader: ModelReader,
        name: str,
        runs: Path,
        training: TrainingInfo,
        monitors: Monitoring,
        say: Say,
        rows: Callable[[str], UserData | None],
    ) -> None:
        self._reader, self._every, self._prints = reader, monitors.every, say is printed
        if monitors.every == "auto":
            monitors = monitors.model_copy(update={"every": _SOON})
        self._due = self._every if isinstance(self._every, int) else _SOON  # the next step that is inspected
        self._run = WatchedRun(
            reader.known(),
            name=name,
            runs=runs,
            training=training,
            monitors=monitors,
            say=say,
            rows=rows,
            program=reader.program,
        )
        self._losses: list[Any] = []  # since the optimizer's last step
        self._pending: list[tuple[Sequence[Any], Stepped]] = []  # steps that the run has not
        self._done = 0
        self._sums = _Sums()
        self._lr = nan
        self._turns = 0  # steps right after one of another watch
        reader.observe()

    # ------------------------------------------------------------------ what the loop calls

    def step(self, loss: Any, outputs: Any = None, targets: Any = None, *, accuracy: Any = None) -> None:
        """After `optimizer.step()`: the batch's loss, undivided, and what the score is computed from.

        outputs, targets: of the batch; accuracy or R2 is counted from them. accuracy: the batch's, if it is known
        already. Where gradients are accumulated, call it after every backward: a step is what the optimizer makes, and
        its loss the mean of those since its last one.
        """
        self._must_be_open("step")
        reader = self._reader
        kept = reader.kept(loss)
        if not self._done and not self._losses:
            self._run.set_loss(reader.read_loss(loss))
        self._losses.append(kept)
        if outputs is not None and targets is not None:
            reader.tally(outputs, targets, self._run.task)
        elif accuracy is not None:
            self._sums.scores.append(reader.kept(accuracy))
        stepped = reader.stepped()
        if stepped is None:
            if len(self._losses) == _IDLE:
                warn(
                    f"trainlab: step() was called {_IDLE} times and the watched optimizer made no step: is it the one "
                    "that trains?",
                    stacklevel=2,
                )
            return
        self._take_turn()
        first = not self._done
        self._pending.append((self._losses, stepped))
        self._losses, self._lr = [], stepped.lr
        self._done += 1
        if first:
            self._begin()
        if self._done == self._due:
            self._due += self._every if isinstance(self._every, int) else spacing(self._done)
            inspected = True
        else:
            inspected = first
        if inspected or (isinstance(kept, float) and not isfinite(kept)):
            self._flush()
        if self._done + 1 == self._due:
            reader.observe()

    def epoch(
        self,
        val_loss: Any = None,
        val_accuracy: Any = None,
        *,
        val_r2: Any = None,
        train_loss: Any = None,
        train_accuracy: Any = None,
        train_r2: Any = None,
        reg_loss: Any = None,
    ) -> None:
        """After an epoch: its scores, as far as they are known.

        train_loss and the training score, where they are not given, are those of the epoch's batches as they came.
        Raises UserError for a score of another task, an accuracy that is no share, or after the end of the run.
        """
        self._must_be_open("epoch")
        self._flush()
        score = self._run.score
        given = {"accuracy": (train_accuracy, val_accuracy), "r2": (train_r2, val_r2)}
        unfit = [k for k, pair in given.items() if k != score and pair != (None, None)]
        if unfit:
            task = self._run.task
            other = "regression" if task == "classification" else "classification"
            raise UserError(f"watch: {unfit[0]} does not fit a {task}; pass {score}, or set task='{other}'")
        measured = self._measured()
        told = {
            "train_loss": train_loss,
            f"train_{score}": given[score][0],
            "val_loss": val_loss,
            f"val_{score}": given[score][1],
            "reg_loss": reg_loss,
        }
        asked = {k: v for k, v in told.items() if v is not None}
        floats = self._reader.floats([self._reader.kept(v) for v in asked.values()])
        for key, value in zip(asked, floats, strict=True):
            if key.endswith("accuracy") and not 0 <= value <= 1:
                raise UserError(f"watch: {key} is {value:g}; it is a share of the rows: from 0 to 1")
        self._run.end_epoch(measured | dict(zip(asked, floats, strict=True)))
        self._sums = _Sums()

    def close(self) -> None:
        """End the run as finished. Leaving the `with` block does so, too."""
        self._end("finished", "")

    def measure_gradients(self) -> None:
        """To be called in a closure of the optimizer's step: gradients are there, weights are as they were."""
        self._reader.measure_gradients()

    # ------------------------------------------------------------------ results

    @property
    def score(self) -> str:
        """`accuracy` or `r2`, by the task."""
        return self._run.score

    @property
    def diagnoses(self) -> Sequence[Finding]:
        """The findings so far, in the order in which they came."""
        return tuple(self._run.monitors.findings)

    @property
    def stop(self) -> bool:
        """Whether a code of `monitors.stop_on` was found; by default `diverged`. Stop training then."""
        return self._run.stop

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._run.folder.path

    @property
    def run(self) -> Run:
        """The run as `trainlab.load` gives it: its metrics, steps and layers as tables."""
        return Run(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        self._end("interrupted" if stopped else "failed", f"{type(error).__name__}: {error}".rstrip(": "))

    # ------------------------------------------------------------------ helpers

    def _must_be_open(self, what: str) -> None:
        if self._run.closed:
            raise UserError(f"watch: {what}() was called after the end of the run {self.folder}")

    def _take_turn(self) -> None:
        """Notice another watched training that takes turns with this one."""
        before, Watch._stepping = Watch._stepping, self
        if before is not None and before is not self and not before._run.closed:
            self._turns += 1
            if self._turns == _TURNS and self._run.set_adversary() and self._prints:
                print(
                    f"trainlab: {self.folder.name} takes turns with {before.folder.name}, as the networks of a GAN do: "
                    "no finding judges whether its loss falls.\n    Pass loss_falls=False to say so yourself, or "
                    "loss_falls=True if its loss should fall.",
                    file=sys.stderr,
                )

    def _begin(self) -> None:
        """Before the first row: the task and the untrained network, from the first batch."""
        run, reader = self._run, self._reader
        losses = reader.floats(self._pending[0][0])
        scores = reader.floats(self._sums.scores)
        run.begin(reader.outputs(), _mean(losses), scores[-1] if scores else None, reader.reading())

    def _flush(self) -> None:
        """Give the run the steps since the last time, in one go."""
        if not self._pending:
            return
        numbers: list[Any] = []
        for losses, stepped in self._pending:
            numbers += [*losses, stepped.grad_norm, stepped.update_ratio]
        values, at = self._reader.floats(numbers), 0
        rows = np.empty((len(self._pending), 4))
        for row, (losses, stepped) in zip(rows, self._pending, strict=True):
            end = at + len(losses)
            row[:] = _mean(values[at:end]), stepped.lr, values[end], values[end + 1]
            at = end + 2
        self._pending = []
        self._sums.add(rows)
        self._run.end_steps(rows, self._reader.reading())

    def _measured(self) -> dict[str, float | None]:
        """The epoch's row as far as the steps determine it."""
        sums, score = self._sums, None
        if (tallied := self._reader.tallied()) is not None:
            score, variance = tallied
            if self._run.loss == "mse" and variance > 0:
                self._run.set_chance(variance)
        elif sums.scores:
            values = self._reader.floats(sums.scores)
            score = sum(values) / len(values)
        steps = sums.steps
        means = (sums.loss, sums.grad_norm, sums.update_ratio)
        loss, grad_norm, ratio = (total / steps if steps else None for total in means)
        row = {"lr": self._lr, "train_loss": loss, f"train_{self._run.score}": score}
        return row | {"grad_norm": grad_norm, "update_ratio": ratio}

    def _end(self, state: State, reason: str) -> None:
        try:
            if state == "finished":
                self._flush()
                if self._run.steps_of_epoch:
                    self.epoch()
            else:
                with suppress(
                    Exception
                ):  # what broke the loop may break this, too; the loop's own error is the one to see
                    self._flush()
        finally:
            if Watch._stepping is self:
                Watch._stepping = None
            self._reader.detach()
            self._run.end(state, reason)


def _mean(losses: Sequence[float]) -> float:
    """Of a step's losses. One that is not finite, and whose step was therefore left out, does not count."""
    finite = [v for v in losses[:-1] if isfinite(v)]
    return (sum(finite) + losses[-1]) / (len(finite) + 1)
