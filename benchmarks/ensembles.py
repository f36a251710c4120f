"""Do ensembles pay? Five networks against the best of them, and five snapshots of one run against single runs.

    OMP_NUM_THREADS=1 python benchmarks/ensembles.py                    # some five minutes
    OMP_NUM_THREADS=1 python benchmarks/ensembles.py --fashion FOLDER   # networks on Fashion-MNIST's IDX files: longer

Repeated over five seeds of the data's split (`data.seed`). Networks: a small MLP on digits, with 60 % of the rows kept
for the test so that differences are no luck. `best member` is chosen by the test rows themselves, which favours it.
Snapshots: an MLP with dropout on mnist1d, one run with five warm restarts; `its last` is the network that this run
ends with, `single run` another run of the same length whose rate is annealed once (cosine). Test accuracy in percent.
"""

import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainlab.inference.ensemble.making import Scored, make_ensemble
from trainlab.inference.ensemble.members import from_runs, from_snapshots
from trainlab.inference.evaluate import evaluate
from trainlab.training.experiment import read_plain
from trainlab.training.train import train

SEEDS = range(5)
MEMBERS = 5
DIGITS = {
    "data": {"name": "digits", "split": {"val": 0.1, "test": 0.6}, "preprocess": ["standardize"]},
    "model": {"name": "mlp", "hidden": [64]},
    "optimizer": {"name": "adam", "lr": 3e-3},
    "train": {"epochs": 40, "batch_size": 32},
}
SIGNALS = {
    "data": {"name": "mnist1d", "samples": 8000, "split": {"val": 0.1, "test": 0.5}, "preprocess": ["standardize"]},
    "model": {"name": "mlp", "hidden": [128, 64], "dropout": 0.3},
    "optimizer": {"name": "adam", "lr": 1e-2},
    "regularization": {"l2": 1e-3},
    "train": {"epochs": 200, "batch_size": 64},
}


def fashion(folder: str) -> dict[str, Any]:
    """Fashion-MNIST with a larger network."""
    return {
        "data": {"name": "idx", "path": folder, "preprocess": ["minmax"], "split": {"val": 0.1}},
        "model": {"name": "mlp", "hidden": [256]},
        "optimizer": {"name": "adam", "lr": 1e-3},
        "train": {"epochs": 15, "batch_size": 128},
    }


def trained(base: Mapping[str, Any], runs: Path, name: str, data_seed: int, seed: int, schedule: str) -> str:
    """The folder of a run."""
    settings = {"name": name, "data.seed": data_seed, "seed": seed, "schedule": schedule}
    return str(train(read_plain(base, settings), runs=runs).folder)


def accuracy(found: Scored) -> float:
    """On the test rows, in percent."""
    return 100 * found.scores["test"]["accuracy"]


def networks(base: Mapping[str, Any], data_seed: int, runs: Path) -> list[float]:
    """Mean and best of the members, and the ensemble."""
    names = [trained(base, runs, "one", data_seed, seed, "cosine") for seed in range(MEMBERS)]
    made = make_ensemble(from_runs(names, runs), runs=runs, save=False)
    alone = [accuracy(member) for member in made.members]
    return [statistics.mean(alone), max(alone), accuracy(made.together)]


def snapshots(base: Mapping[str, Any], data_seed: int, runs: Path) -> list[float]:
    """A single run, the last snapshot, and all snapshots together."""
    single = evaluate(trained(base, runs, "single", data_seed, 0, "cosine")).scores["accuracy"]
    turns = trained(base, runs, "turns", data_seed, 0, "cosine_restarts")
    made = make_ensemble(from_snapshots(turns, runs), snapshots=True, runs=runs, save=False)
    return [100 * single, accuracy(made.members[-1]), accuracy(made.together)]


def main() -> None:
    """Train, combine, print."""
    base = fashion(sys.argv[sys.argv.index("--fashion") + 1]) if "--fashion" in sys.argv else DIGITS
    for measure, config, heads in (
        (networks, base, ("mean member", "best member", "ensemble")),
        (snapshots, SIGNALS, ("single run", "its last", "snapshots")),
    ):
        print("seed  " + "  ".join(f"{head:>11}" for head in heads))
        rows: list[list[float]] = []
        for data_seed in SEEDS:
            with tempfile.TemporaryDirectory() as runs:
                rows.append(measure(config, data_seed, Path(runs)))
            print(f"{data_seed:4d}  " + "  ".join(f"{cell:11.2f}" for cell in rows[-1]), flush=True)
        means = [statistics.mean(column) for column in zip(*rows, strict=True)]
        print("mean  " + "  ".join(f"{cell:11.2f}" for cell in means) + "\n")


if __name__ == "__main__":
    main()
