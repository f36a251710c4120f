"""trainlab: `train`, the run as `trainlab train` makes it; `bare`, its steps alone; `numpy`, those without kernels.

`train` runs in its own loop, with monitors, rows of CSV, validation and checkpoints, and stands still between turns.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from racing.workloads import WORKLOADS

from trainlab.core.config import Document
from trainlab.engine.compiled.library import load
from trainlab.training.experiment import Experiment, read_plain


def _document(folder: Path, name: str, **settings: Any) -> Document[Experiment]:
    return read_plain(WORKLOADS[name].document(folder, **settings), source=name)


class Contender:
    """Steps by a Trainer that nobody watches."""

    def __init__(self, folder: Path, name: str, variant: str, threads: int, *, dropout: bool) -> None:
        from trainlab.engine.trainer import Trainer
        from trainlab.training.setup import build

        engine = "numpy" if variant == "numpy" else "auto"
        setup = build(_document(folder, name, dropout=dropout, threads=threads, engine=engine))
        self.trainer = Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)
        _use(threads)

    def run(self, steps: int) -> np.ndarray:
        """Losses of the next steps."""
        done, losses = 0, np.empty(steps)
        while done < steps:
            now = self.trainer.advance(min(steps - done, self.trainer.steps_left))
            losses[done : done + now] = self.trainer.records[:now, 0]
            done += now
        return losses


def _use(threads: int) -> None:
    """So many threads, for matrix products of NumPy's too."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    if (library := load()) is not None:
        library.threads(threads)


def train(folder: Path, name: str, threads: int, *, dropout: bool, turn: "Callable[[int, float], bool]") -> None:
    """Train as `trainlab train` does. `turn(step, loss)` is called after each chunk of steps; true ends the run."""
    from trainlab.training.callbacks import Callback, StepInfo
    from trainlab.training.train import train as train_experiment

    class Turns(Callback):
        def on_step_end(self, info: StepInfo) -> None:
            if turn(info.step, info.loss):
                self.request_stop("measured enough")

    with tempfile.TemporaryDirectory() as runs:
        document = _document(folder, name, dropout=dropout, threads=threads)
        train_experiment(document, runs=Path(runs), callbacks=[Turns()])
