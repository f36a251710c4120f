"""What class weights do on five imbalanced data sets, and what is found in the runs.

    OMP_NUM_THREADS=1 python benchmarks/imbalance.py            # two minutes
    OMP_NUM_THREADS=1 python benchmarks/imbalance.py moons --seeds 1

Each set is trained with and without `class_weights: balanced`, everything else the same: an MLP 32-16, Adam, 40 epochs,
15 % of the rows for validation and 30 % for the test, stratified. The weights of the epoch with the best validation
balanced accuracy (the default for such classes) are judged on the test rows: balanced accuracy and F1 of the rarest
class, means over the seeds. Without weights the findings should name the imbalance or nothing. With weights, an alarm
(a warning or an error) would be a false one.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_blobs, make_moons
from sklearn.metrics import balanced_accuracy_score, f1_score

import trainlab as tl
from trainlab.core.types import Array

Set = tuple[Array, Array]


def customers(rng: np.random.Generator) -> Set:
    """Two classes, 17 % of them 1, that six inputs tell apart only in part."""
    x = rng.normal(size=(2000, 6))
    chance = 1 / (1 + np.exp(2.2 - x @ [1.2, -0.8, 0.6, 0.0, 0.0, 0.4] - 0.4 * x[:, 0] * x[:, 1]))
    return x, (rng.random(2000) < chance).astype(np.int64)


def eights(_: np.random.Generator) -> Set:
    """scikit-learn's digits, the 8 (10 %) against all others."""
    x, y = load_digits(return_X_y=True)
    return x / 16, (y == 8).astype(np.int64)


def tumours(rng: np.random.Generator) -> Set:
    """scikit-learn's breast cancer; of the malignant ones (class 0) one in nine is kept: 6 %."""
    x, y = load_breast_cancer(return_X_y=True)
    kept = np.flatnonzero((y == 1) | (rng.random(len(y)) < 1 / 9))
    return x[kept], 1 - y[kept]


def moons(rng: np.random.Generator) -> Set:
    """Two half moons that overlap, 20 to 1."""
    return make_moons((2000, 100), noise=0.3, random_state=int(rng.integers(1 << 31)))


def blobs(rng: np.random.Generator) -> Set:
    """Three overlapping blobs of 1500, 150 and 50 rows."""
    centers = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]
    return make_blobs([1500, 150, 50], centers=centers, cluster_std=1.0, random_state=int(rng.integers(1 << 31)))


SETS = {f.__name__: f for f in (customers, eights, tumours, moons, blobs)}


def train(rows: Set, seed: int, *, weighted: bool) -> tuple[float, float, list[tuple[str, str]]]:
    """Balanced accuracy and F1 of the rarest class on the test rows, and severity and code of the findings."""
    x, y = rows
    order = np.random.default_rng(seed).permutation(len(y))
    test = np.sort(np.concatenate([order[y[order] == c][: round(0.3 * (y == c).sum())] for c in np.unique(y)]))
    rest = np.setdiff1d(np.arange(len(y)), test)
    config: dict[str, Any] = {
        "seed": seed,
        "data": {"x": x[rest], "y": y[rest], "split": {"val": 0.2, "test": 0.0}, "preprocess": ["standardize"]},
        "model": {"name": "mlp", "hidden": [32, 16]},
        "loss": {"name": "softmax_cross_entropy", "class_weights": "balanced" if weighted else None},
        "train": {"epochs": 40},
    }
    with tempfile.TemporaryDirectory() as runs:
        run = tl.train(config, runs=runs, quiet=True)
        predicted = run.predict(x[test])
        found = [(finding.severity, finding.code) for finding in run.diagnoses]
    rare = int(np.bincount(y).argmin())
    f1 = f1_score(y[test], predicted, labels=[rare], average=None)[0]
    return float(balanced_accuracy_score(y[test], predicted)), float(f1), found


def main() -> None:
    """Train all sets and print a row of the table for each."""
    parser = argparse.ArgumentParser(description=Path(__file__).name)
    parser.add_argument("sets", nargs="*", default=list(SETS), help=f"of {', '.join(SETS)}")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print("| set | rows | rarest | weights | balanced accuracy | F1 of the rarest | alarms | advice |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.sets:
        for weighted in (False, True):
            rows = [SETS[name](np.random.default_rng(seed)) for seed in range(options.seeds)]
            runs = [train(r, seed, weighted=weighted) for seed, r in enumerate(rows)]
            counts = np.bincount(rows[0][1])
            alarms = Counter(code for *_, found in runs for severity, code in found if severity != "info")
            advice = Counter(code for *_, found in runs for severity, code in found if severity == "info")
            told = [", ".join(f"{code} {n}" for code, n in kind.items()) or "none" for kind in (alarms, advice)]
            scores = f"{fmean(r[0] for r in runs):.3f} | {fmean(r[1] for r in runs):.3f}"
            share = f"{counts.min() / counts.sum():.0%}"
            head = f"| {name} | {counts.sum()} | {share} | {'on' if weighted else 'off'} |"
            print(f"{head} {scores} | {told[0]} | {told[1]} |", flush=True)


if __name__ == "__main__":
    main()
