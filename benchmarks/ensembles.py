"""Do ensembles pay? Five networks against the best of them, and five snapshots of one run against that run.

    OMP_NUM_THREADS=1 python benchmarks/ensembles.py                    # digits, a minute
    OMP_NUM_THREADS=1 python benchmarks/ensembles.py --fashion FOLDER   # Fashion-MNIST's IDX files, ten minutes

Repeated over five seeds of the data's split (`data.seed`). `best member` is chosen by the test rows themselves, which
favours it. `single run` is one run of the same length whose rate is annealed once (cosine); `snapshots` is one run with
five warm restarts, `its last` the last of them. Test accuracy in percent.
"""

import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainlab.lab.ensemble.making import Made, make_ensemble
from trainlab.lab.ensemble.members import from_runs, from_snapshots
from trainlab.lab.experiment import read_plain
from trainlab.lab.run import train

SEEDS = range(5)
MEMBERS = 5
EPOCHS = 20
FORM = "{:14.2f}  {:11.2f}  {:8.2f}  {:10.2f}  {:8.2f}  {:9.2f}"


def config(folder: str | None) -> dict[str, Any]:
    """The experiment: a small network on the digits, or a larger one on Fashion-MNIST."""
    if folder is None:
        data: dict[str, Any] = {"name": "digits", "split": {"val": 0.1, "test": 0.4}, "preprocess": ["standardize"]}
        return {"data": data, "model": {"name": "mlp", "hidden": [64]}, "optimizer": {"name": "adam", "lr": 3e-3}}
    data = {"name": "idx", "path": folder, "preprocess": ["minmax"], "split": {"val": 0.1}}
    model = {"name": "mlp", "hidden": [256]}
    return {"data": data, "model": model, "optimizer": {"name": "adam", "lr": 1e-3}, "train": {"batch_size": 128}}


def trained(base: Mapping[str, Any], runs: Path, name: str, data_seed: int, seed: int, schedule: str) -> str:
    """The folder of a run."""
    settings = {"name": name, "data.seed": data_seed, "seed": seed, "schedule": schedule, "train.epochs": EPOCHS}
    return str(train(read_plain(base, settings), runs=runs).folder)


def accuracy(made: Made) -> float:
    """What the ensemble scores on the test rows, in percent."""
    return 100 * made.together.scores["test"]["accuracy"]


def main() -> None:
    """Train, combine, print."""
    folder = sys.argv[sys.argv.index("--fashion") + 1] if "--fashion" in sys.argv else None
    base = config(folder)
    rows: list[list[float]] = []
    print("seed  members (mean)  best member  ensemble  single run  its last  snapshots")
    for data_seed in SEEDS:
        with tempfile.TemporaryDirectory() as there:
            runs = Path(there)
            names = [trained(base, runs, "one", data_seed, seed, "cosine") for seed in range(MEMBERS)]
            many = make_ensemble(from_runs(names, runs), runs=runs, save=False)
            turns = trained(base, runs, "turns", data_seed, 0, "cosine_restarts")
            snapshots = make_ensemble(from_snapshots(turns, runs), snapshots=True, runs=runs, save=False)
        alone = [100 * member.scores["test"]["accuracy"] for member in many.members]
        last = 100 * snapshots.members[-1].scores["test"]["accuracy"]
        rows.append([statistics.mean(alone), max(alone), accuracy(many), alone[0], last, accuracy(snapshots)])
        print(f"{data_seed:4d}  {FORM.format(*rows[-1])}", flush=True)
    means = [statistics.mean(column) for column in zip(*rows, strict=True)]
    print(f"mean  {FORM.format(*means)}")


if __name__ == "__main__":
    main()
