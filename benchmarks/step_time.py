"""Microseconds per training step of a small network: MLP 64-64-10 on digits, batch 32, momentum, float32.

    OMP_NUM_THREADS=1 python benchmarks/step_time.py

`whole run`: all that `trainlab train` does between its first and its last step, divided by the steps: monitors,
rows of the CSV files, validation after every epoch, checkpoints. `bare loop`: steps alone, without anybody looking.
Both run in turns; medians and ranges of 9.
"""

import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from trainlab.core.config import read_plain
from trainlab.engine.trainer import Trainer
from trainlab.training.callbacks import Callback, RunInfo, StepInfo
from trainlab.training.experiment import Experiment, named
from trainlab.training.setup import build
from trainlab.training.train import train

REPEATS = 9
EPOCHS = 60
DOCUMENT = named(
    read_plain(
        Experiment,
        {
            "data": {"name": "digits", "preprocess": [{"name": "standardize", "per": "all"}]},
            "model": {"name": "mlp", "hidden": [64]},
            "optimizer": {"name": "momentum", "lr": 0.01},
            "train": {"epochs": EPOCHS, "batch_size": 32},
        },
        "benchmark",
    )
)


class Clock(Callback):
    """Notes when the run started and when its last step was done."""

    began = ended = 0.0
    steps = 0

    def on_train_begin(self, info: RunInfo) -> None:
        """Start the clock."""
        self.began = perf_counter()

    def on_step_end(self, info: StepInfo) -> None:
        """Note the time."""
        self.steps, self.ended = info.step, perf_counter()


def whole_run() -> float:
    """Microseconds a step with everything on."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as runs:
        train(DOCUMENT, runs=Path(runs), callbacks=[clock])
    return (clock.ended - clock.began) / clock.steps * 1e6


def bare_loop() -> float:
    """Microseconds a step of the trainer alone."""
    setup = build(DOCUMENT)
    trainer = Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)
    trainer.advance(20)
    began, steps = perf_counter(), 0
    while trainer.epoch < EPOCHS:
        steps += trainer.advance(min(20, trainer.steps_left))
    return (perf_counter() - began) / steps * 1e6


def main() -> None:
    """Measure both in turns."""
    measured: dict[str, list[float]] = {"whole run": [], "bare loop": []}
    for repeat in range(REPEATS + 1):
        for name, measure in zip(measured, (whole_run, bare_loop), strict=True):
            microseconds = measure()
            if repeat:
                measured[name].append(microseconds)
    for name, values in measured.items():
        print(f"{name:<10} {statistics.median(values):5.0f} us a step   ({min(values):.0f} to {max(values):.0f})")


if __name__ == "__main__":
    main()
