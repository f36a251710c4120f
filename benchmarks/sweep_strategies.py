"""Which strategy finds good settings for how many epochs? Whole sweeps, repeated with other seeds.

    pip install 'trainlab[tpe]'
    OMP_NUM_THREADS=1 python benchmarks/sweep_strategies.py [--repetitions 20] [--workers 2]

Four settings of a small MLP on digits and on mnist1d (learning rate, L2, dropout, units). `random` trains 40 trials in
full, `staged` 40 trials from coarse to fine, `tpe` (Optuna's) as many full trials as fit into the epochs of `staged`.
Scored is what the user gets: the best trial's validation loss. Told are epochs, the median and the tenth percentile
over the repetitions, and in how many repetitions staged was at least as good as each of the others.

Then the lecture's picture: of four settings one matters. A grid of 16 tries two values of it, random search 16.
"""

import argparse
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.lab.experiment import read_plain
from trainlab.lab.sweep.sweep import start
from trainlab.store.rows import read_rows

EPOCHS, TRIALS = 24, 40
SPACE = {
    "optimizer.lr": {"log": [1e-5, 1.0]},
    "regularization.l2": {"log": [1e-7, 1e-1]},
    "model.dropout": {"uniform": [0.0, 0.7]},
    "model.hidden.0": {"int": [8, 128], "log": True},
}
ONE_MATTERS = {
    "optimizer.lr": {"log": [1e-5, 10.0]},
    "regularization.l2": {"log": [1e-9, 1e-6]},
    "regularization.l1": {"log": [1e-9, 1e-7]},
    "model.bias_init": {"uniform": [0.0, 0.001]},
}


def sweep(
    data: str, space: Mapping[str, Any], strategy: str, trials: int, seed: int, workers: int
) -> tuple[float, int]:
    """The best validation loss of a sweep, and the epochs that all its trials took."""
    config = {
        "name": f"{data}-{strategy}",
        "seed": seed,
        "data": {"name": data, "preprocess": ["standardize"]},
        "model": {"name": "mlp", "hidden": [32]},
        "optimizer": {"name": "momentum", "lr": 0.1},
        "train": {"epochs": EPOCHS, "batch_size": 64},
        "sweep": {"metric": "val_loss", "space": dict(space), "strategy": strategy, "trials": trials},
    }
    with tempfile.TemporaryDirectory() as runs:
        found = start(read_plain(config), runs=Path(runs), workers=workers)
        table = read_rows(found.folder / "trials.csv")
    return float(found.best[0].score or np.nan), int(sum(table["epochs"]))


def told(name: str, scores: list[float], epochs: list[int]) -> str:
    """A line of the table."""
    low = float(np.percentile(scores, 10))
    return f"  {name:<8} {statistics.mean(epochs):6.0f} epochs   median {statistics.median(scores):.4f}   p10 {low:.4f}"


def compared(data: str, repetitions: int, workers: int) -> None:
    """Random, staged and TPE on one data set."""
    scores: dict[str, list[float]] = {"random": [], "staged": [], "tpe": []}
    epochs: dict[str, list[int]] = {name: [] for name in scores}
    for seed in range(repetitions):
        for name in scores:
            trials = TRIALS if name != "tpe" else max(1, round(epochs["staged"][-1] / EPOCHS))
            best, took = sweep(data, SPACE, name, trials, seed, workers)
            scores[name].append(best)
            epochs[name].append(took)
    print(f"{data}, {repetitions} repetitions, validation loss of the best trial:")
    for name in scores:
        print(told(name, scores[name], epochs[name]))
    for other in ("random", "tpe"):
        wins = sum(a <= b for a, b in zip(scores["staged"], scores[other], strict=True))
        print(f"  staged at least as good as {other} in {wins} of {repetitions}")
    print(flush=True)


def pictured(data: str, repetitions: int, workers: int) -> None:
    """Grid and random search where one of four settings matters."""
    print(f"{data}, one of four settings matters, 16 trials:")
    found = {
        name: [sweep(data, ONE_MATTERS, name, 16, seed, workers)[0] for seed in range(repetitions)]
        for name in ("grid", "random")
    }
    for name, scores in found.items():
        print(f"  {name:<8} median {statistics.median(scores):.4f}")
    wins = sum(r < g for r, g in zip(found["random"], found["grid"], strict=True))
    print(f"  random better than grid in {wins} of {repetitions}", flush=True)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for data in ("digits", "mnist1d"):
        compared(data, options.repetitions, options.workers)
    pictured("digits", options.repetitions, options.workers)


if __name__ == "__main__":
    main()
