"""Which strategy finds good settings for how many epochs? Whole sweeps, repeated with other seeds.

    pip install 'trainlab[tpe]'
    OMP_NUM_THREADS=1 python benchmarks/sweep_strategies.py [--repetitions 20] [--first 0] [--rows 0] [--runs]

Four settings of a small MLP on digits and on mnist1d (learning rate, L2, dropout, units). `random` trains 40 trials in
full, `staged` 40 trials from coarse to fine, `tpe` (Optuna's) as many full trials as fit into the epochs of `staged`.
Scored is what the user gets: the best trial's validation loss. The seed of a repetition is that of the draws, of the
weights and, without `--rows`, of the rows too: then part of the spread is that some rows are easier than others.
`--rows SEED` keeps the rows (`data.seed`) the same in all repetitions, so that the spread is that of the searches.

Told are epochs, the median and the tenth percentile over the repetitions, where the median of each strategy lies among
the results of random search, and in how many repetitions staged was at least as good as each of the others, and as the
best tenth of the same repetition's random trials.

Trials are trained in this process, one after the other, without folders and monitors, which is faster; so they are
stopped only where a number is no longer finite. `--runs` makes real sweeps instead.

Then the lecture's picture: of four settings one matters. A grid of 16 tries two values of it, random search 16.
"""

import argparse
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.component import plain
from trainlab.core.streams import Streams
from trainlab.data.dataset import Loaded
from trainlab.search.experiment import SweepExperiment, read_plain
from trainlab.search.space import SearchSpace
from trainlab.search.strategy import PastTrial
from trainlab.search.sweep import start
from trainlab.store.rows import read_rows
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build

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


@dataclass(frozen=True)
class Found:
    """What a sweep came to: its best validation loss, the epochs that it took, and the losses of its trials."""

    best: float
    epochs: int
    losses: list[float]


def in_folders(config: dict[str, Any]) -> Found:
    """A sweep as `trainlab sweep` runs it."""
    with tempfile.TemporaryDirectory() as runs:
        found = start(read_plain(config), runs=Path(runs))
        table = read_rows(found.folder / "trials.csv")
    ends = zip(table["status"], table["val_loss"], strict=True)
    losses = [float(loss) if status == "finished" else float("inf") for status, loss in ends]
    return Found(float(found.best[0].score or np.nan), int(sum(table["epochs"])), losses)


def in_process(config: dict[str, Any]) -> Found:
    """The same cohorts and trials, trained here."""
    space = SearchSpace(read_plain(config))
    source = space.trial(1).experiment.data
    loaded = source.load(Streams(config["seed"] if source.seed is None else source.seed).named("data"))
    done: list[PastTrial] = []
    losses: list[float] = []
    epochs = 0
    for cohort in space.cohorts:
        past = list(done) if cohort.waits else []
        for number in cohort.trials:
            trial = space.trial(number, past)
            loss, took = trained(trial.experiment, loaded)
            done.append(PastTrial(number, trial.values, loss if np.isfinite(loss) else None))
            losses.append(loss)
            epochs += took
    return Found(min(losses), epochs, losses)


def trained(experiment: SweepExperiment, loaded: Loaded) -> tuple[float, int]:
    """The best validation loss of a training, infinite if it was stopped, and its epochs."""
    with np.errstate(all="ignore"):
        session = TrainingSession(build(read_plain(plain(experiment)), loaded), monitored=False)
        state, _ = session.fit()
    losses = [r["val_loss"] for r in session.metrics.curves.rows if r["epoch"] and np.isfinite(r["val_loss"])]
    return min(losses) if state == "finished" and losses else float("inf"), session.trainer.epoch


@dataclass(frozen=True)
class Bench:
    """The repetitions: their seeds, the seed of the rows if they share them, and whether they are real sweeps."""

    seeds: range
    rows: int | None
    real: bool

    def sweep(self, data: str, space: Mapping[str, Any], strategy: str, trials: int, seed: int) -> Found:
        """A whole sweep."""
        config = {
            "name": f"{data}-{strategy}",
            "seed": seed,
            "data": {"name": data, "preprocess": ["standardize"], "seed": self.rows},
            "model": {"name": "mlp", "hidden": [32]},
            "optimizer": {"name": "momentum", "lr": 0.1},
            "train": {"epochs": EPOCHS, "batch_size": 64},
            "sweep": {"metric": "val_loss", "space": dict(space), "strategy": strategy, "trials": trials},
        }
        return (in_folders if self.real else in_process)(config)

    def compared(self, data: str) -> None:
        """Random, staged and TPE on one data set."""
        found: dict[str, list[Found]] = {"random": [], "staged": [], "tpe": []}
        for seed in self.seeds:
            for name, done in found.items():
                trials = TRIALS if name != "tpe" else max(1, round(found["staged"][-1].epochs / EPOCHS))
                done.append(self.sweep(data, SPACE, name, trials, seed))
        rows = "rows by seed" if self.rows is None else f"rows of seed {self.rows}"
        print(f"{data}, {len(self.seeds)} repetitions, {rows}, validation loss of the best trial:")
        best = {name: [one.best for one in done] for name, done in found.items()}
        for name, done in found.items():
            epochs, median = statistics.mean(one.epochs for one in done), statistics.median(best[name])
            place = 100 * np.mean(np.array(best["random"]) < median)
            print(
                f"  {name:<8} {epochs:6.0f} epochs   median {median:.4f}   p10 {np.percentile(best[name], 10):.4f}   "
                f"{place:3.0f} % of the random sweeps are better than the median"
            )
        tenths = [float(np.percentile(one.losses, 10, method="lower")) for one in found["random"]]
        for other, theirs in (("random", best["random"]), ("tpe", best["tpe"]), ("the best tenth of trials", tenths)):
            wins = sum(a <= b for a, b in zip(best["staged"], theirs, strict=True))
            print(f"  staged at least as good as {other} in {wins} of {len(self.seeds)}")
        print(flush=True)

    def pictured(self, data: str) -> None:
        """Grid and random search where one of four settings matters."""
        print(f"{data}, one of four settings matters, 16 trials:")
        found = {
            name: [self.sweep(data, ONE_MATTERS, name, 16, seed).best for seed in self.seeds]
            for name in ("grid", "random")
        }
        for name, scores in found.items():
            print(f"  {name:<8} median {statistics.median(scores):.4f}")
        wins = sum(r < g for r, g in zip(found["random"], found["grid"], strict=True))
        print(f"  random better than grid in {wins} of {len(self.seeds)}", flush=True)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first repetition")
    parser.add_argument("--runs", action="store_true", help="real sweeps, with a folder and a process for each trial")
    parser.add_argument("--rows", type=int, default=None, help="data.seed of all repetitions; by default their own")
    parser.add_argument("--data", nargs="+", default=["digits", "mnist1d"])
    parser.add_argument("--no-grid", action="store_true", help="leave the picture of one setting that matters out")
    options = parser.parse_args()
    bench = Bench(range(options.first, options.first + options.repetitions), options.rows, options.runs)
    for data in options.data:
        bench.compared(data)
    if not options.no_grid:
        bench.pictured("digits")


if __name__ == "__main__":
    main()
