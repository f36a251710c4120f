"""Whether `trainlab tune` reaches what a hand-made staged sweep reaches, with the same number of epochs.

    OMP_NUM_THREADS=1 python benchmarks/tune.py [--sets digits wine ...] [--seeds 0 1 2] [--trials 40] [--epochs 12]
                                                [--runs DIR]

Both start from a config with the weak settings that the course warns of: sigmoids, weights from normal(0.01), no
normalization, plain SGD with a learning rate of 1e-5. The sweep is one that a student of the course would write: rates,
decay, dropout, width, activation, init and norm, `strategy: staged`. Its best trial scores the test rows.
The tune gets `space: auto` and as many epochs as the sweep took; its score is the mean of the winner's runs on the same
test rows. The seed of a repetition is that of the rows, the weights and the draws.

`--runs` keeps the folders of both, to read the story of a tune.

Told are the test scores of each seed, their means, and whether the tune's mean is at least the sweep's.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

from trainlab.search.experiment import read_plain
from trainlab.search.lookup import best_trials
from trainlab.search.sweep import start as start_sweep
from trainlab.store.reading import RunRecord
from trainlab.store.rows import read_rows
from trainlab.tuning.budget import Budget
from trainlab.tuning.tune import start as start_tune

FASHION = "/usr/share/datasets/fashion-mnist"
SETS: dict[str, dict[str, Any]] = {
    "digits": {"name": "digits"},
    "mnist1d": {"name": "mnist1d"},
    "wine": {"name": "wine"},
    "friedman1": {"name": "friedman1", "samples": 1000},
    "diabetes": {"name": "diabetes"},
    "fashion": {"name": "idx", "path": FASHION, "faults": [{"name": "subset", "rows": 5000}]},
}
SPACE = {
    "optimizer.lr": {"log": [1e-4, 1.0]},
    "regularization.l2": {"log": [1e-6, 1e-1]},
    "model.dropout": {"uniform": [0.0, 0.5]},
    "model.hidden": {"choice": [[64], [128], [64, 64], [128, 128]]},
    "model.activation": {"choice": ["sigmoid", "tanh", "relu"]},
    "model.init": {"choice": [{"name": "normal", "std": 0.01}, "auto"]},
    "model.norm": {"choice": ["none", "batch"]},
}


def weak(name: str, seed: int, epochs: int) -> dict[str, Any]:
    """The weak config."""
    data = {"preprocess": ["standardize"], **SETS[name], "seed": seed}
    if name in ("friedman1", "diabetes"):
        data["scale_target"] = True
    return {
        "name": name,
        "seed": seed,
        "data": data,
        "model": {"name": "mlp", "hidden": [64, 64], "activation": "sigmoid", "init": {"name": "normal", "std": 0.01}},
        "optimizer": {"name": "sgd", "lr": 1e-5},
        "train": {"epochs": epochs},
    }


def score(found: dict[str, float]) -> float:
    """Accuracy or R2."""
    return found.get("accuracy", found.get("r2", float("nan")))


def swept(config: dict[str, Any], trials: int, runs: Path) -> tuple[float, int]:
    """The test score of the best trial of a staged sweep, and the epochs of all its trials."""
    block = {"space": SPACE, "strategy": "staged", "trials": trials}
    folder = start_sweep(read_plain({**config, "sweep": block}), runs=runs).folder
    best = RunRecord(folder / "trials" / f"{best_trials(folder)[0]:04}", "")
    return score(dict(best.status.test if best.status else {})), int(sum(read_rows(folder / "trials.csv")["epochs"]))


def tuned(config: dict[str, Any], epochs: int, runs: Path) -> tuple[float, int]:
    """The mean test score of the winner of a tune with so many epochs, and the epochs that it took."""
    found = start_tune(read_plain(config), Budget(epochs, "epochs"), runs=runs)
    scores = {name: one["mean"] for name, one in found.steps["test"]["scores"].items()}
    return score(scores), sum(step["cost"]["epochs_trained"] for step in found.steps.values() if "cost" in step)


def main() -> None:
    """Run all sets and seeds; a line each, then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--runs", type=Path, help="keep the folders here")
    asked = parser.parse_args()
    reached = 0
    for name in asked.sets:
        pairs: list[tuple[float, float]] = []
        for seed in asked.seeds:
            config = weak(name, seed, asked.epochs)
            with tempfile.TemporaryDirectory() as place:
                runs = asked.runs / f"seed-{seed}" if asked.runs else Path(place)
                by_hand, epochs = swept(config, asked.trials, runs)
                mine, took = tuned(config, epochs, runs)
            pairs.append((by_hand, mine))
            print(f"{name} seed {seed}: sweep {by_hand:.4f} in {epochs} epochs, tune {mine:.4f} in {took}", flush=True)
        means = [fmean(pair[i] for pair in pairs) for i in (0, 1)]
        reached += means[1] >= means[0]
        print(f"{name}: sweep {means[0]:.4f}, tune {means[1]:.4f}", flush=True)
    print(f"the tune reaches the sweep's score in {reached} of {len(asked.sets)}")


if __name__ == "__main__":
    main()
