"""How well findings and `fix` do on the faults of other people's programs, next to random search.

    python benchmarks/faults.py DIR [--seeds 0-2] [--only NAME] [--no-fix] [--json FILE]

DIR holds `truth.yaml` and `configs/NAME-buggy.yaml` and `-fixed.yaml`: a program and what its authors changed it to.
`truth.yaml` has for each name the codes that would be right (`expect`). Every config is trained with each seed.

- warned: a warning or an error on the faulty version.
- named: a right code is the first or second warning or error.
- false alarm: a warning or an error on the fixed version.
- recovered: the share of the gap between both versions that `fix` closes in at most RUNS runs. Random search gets as
  many runs as `fix` took. Both are given the validation rows; scored is the test split, if the data have one.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from trainlab.core import config
from trainlab.core.errors import UserError
from trainlab.store.folder import RunFolder
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import last_row
from trainlab.store.status import read_status
from trainlab.tools.fix.budget import Budget
from trainlab.tools.fix.fix import Fixed, fix
from trainlab.training.experiment import Experiment, read
from trainlab.training.train import train

RUNS = 12  # that `fix` may take
GAP = 0.02  # a smaller difference between both versions is none, so that there is nothing to recover


@dataclass(frozen=True)
class Score:
    """The last validation score of a run and, if there is a test split, the test score of its best weights."""

    val: float
    test: float | None

    @property
    def shown(self) -> float:
        """What counts."""
        return self.val if self.test is None else self.test


@dataclass(frozen=True)
class Outcome:
    """One fault with one seed. codes: (code, confidence) of the warnings and errors, the first one first."""

    name: str
    seed: int
    expect: Sequence[str]
    buggy: Score
    fixed: Score
    codes: Sequence[str]
    alarms: Sequence[str]
    state: str = ""
    cured: float | None = None
    searched: float | None = None
    reruns: int = 0
    patch: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> bool:
        """Whether a right code is the first or second."""
        return bool(set(self.codes[:2]) & set(self.expect))

    @property
    def gap(self) -> float:
        """By how much the authors' version is better."""
        return self.fixed.shown - self.buggy.shown

    def recovered(self, score: float | None) -> float | None:
        """The share of the gap that this score closes, None where there is none."""
        return None if score is None or self.gap < GAP else (score - self.buggy.shown) / self.gap


def bounded(value: Any, lowest: float) -> float:
    """The score, or the lowest one where there is none."""
    return max(lowest, float(value)) if value is not None and np.isfinite(value) else lowest


def score(folder: Path) -> Score:
    """The scores of a run; an R2 below -1 means nothing more."""
    run, test = RunFolder(folder), None
    row = last_row(run.metrics)
    kind = "r2" if "val_r2" in row else "accuracy"
    lowest = -1.0 if kind == "r2" else 0.0
    status = read_status(run.status)
    broken = status.state != "finished"
    if status.test or read(run.config).value.data.name in ("npz",):
        test = bounded(None if broken else (status.test or {}).get(kind), lowest)
    return Score(bounded(None if broken else row.get(f"val_{kind}"), lowest), test)


def warnings(folder: Path) -> list[str]:
    """The codes of the warnings and errors in the order of the run's file."""
    file = RunFolder(folder).diagnoses
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return list(dict.fromkeys(line["code"] for line in lines if line["severity"] != "info"))


def outcome(case: tuple[str, int, Sequence[str]], *, configs: Path, cure: bool) -> Outcome:
    """Both versions of a fault trained with a seed, and what `fix` and random search make of the faulty one."""
    name, seed, expect = case
    os.chdir(configs)  # the configs name their data from there
    with tempfile.TemporaryDirectory() as made:
        runs = Path(made)
        sick, sound = (
            train(read(configs / f"{name}-{version}.yaml", {"seed": seed}), runs=runs, name=version).folder
            for version in ("buggy", "fixed")
        )
        told = Outcome(name, seed, expect, score(sick), score(sound), warnings(sick), warnings(sound))
        if not cure:
            return told
        found = fix(sick, budget=Budget(RUNS))
        cured, best = fixed_score(found, sick, seed), told.buggy
        for trial in random_trials(read_config(RunFolder(sick).config), found.reruns, seed):
            best = max(best, searched(trial, runs), key=lambda s: s.val)
        facts = asdict(told) | {"buggy": told.buggy, "fixed": told.fixed}
        more = {"state": found.state, "cured": cured, "searched": best.shown, "reruns": found.reruns}
        return Outcome(**facts | more | {"patch": dict(found.patch)})


def fixed_score(found: Fixed, sick: Path, seed: int) -> float:
    """The score of the run with the patch that `fix` proposes."""
    same = [t.folder for t in found.trials if t.patch == found.patch and t.seed == seed and t.folder is not None]
    return score(same[0] if found.patch and same else sick).shown


def searched(raw: Mapping[str, Any], runs: Path) -> Score:
    """The score of a drawn config; the worst one if it cannot run."""
    try:
        return score(train(config.read_plain(Experiment, raw, "drawn"), runs=runs, name="drawn").folder)
    except UserError:
        return Score(-1.0, -1.0)


def random_trials(raw: Mapping[str, Any], number: int, seed: int) -> list[dict[str, Any]]:
    """Draws of what people search over: optimizer, rate, epochs, batch, scaling, width and penalty.

    A setting that is no number is drawn half of the time and stays as it is otherwise.
    """
    rng = np.random.default_rng([seed, number, 77])
    made: list[dict[str, Any]] = []
    while len(made) < number:
        kind = str(rng.choice(["sgd", "momentum", "adam", "rmsprop"]))
        low, high = (-4.0, 0.0) if kind in ("sgd", "momentum") else (-4.5, -1.0)
        changes: dict[str, Any] = {
            "optimizer": {"name": kind, "lr": float(f"{10 ** rng.uniform(low, high):.2g}")},
            "train.epochs": max(1, round(raw["train"]["epochs"] * 10 ** rng.uniform(0, 1))),
            "train.batch_size": int(rng.choice([16, 32, 64, 128])),
        }
        if rng.random() < 0.5:
            changes["data.preprocess"] = [{"name": "standardize"}]
        if raw["data"].get("scale_target") is False and rng.random() < 0.5:
            changes["data.scale_target"] = True
        if "hidden" in raw["model"] and rng.random() < 0.5:
            changes["model.hidden"] = [int(rng.choice([16, 32, 64, 128]))] * int(rng.integers(1, 3))
            changes |= {"model.activation": "relu", "model.init": "auto"}
        if any(raw["regularization"].get(k) for k in ("l1", "l2")):
            changes["regularization"] = {"l2": float(f"{10 ** rng.uniform(-6, -2):.1g}")}
        try:
            made.append(config.override(dict(raw), changes, Experiment))
        except UserError:
            continue
    return made


def table(found: Sequence[Outcome]) -> list[str]:
    """A Markdown row per fault, means over the seeds, and the summary."""
    lines = [
        "| fault | warned | named | faulty | by `fix` | random | authors | runs | codes | patch |",
        "|---|" + "---|" * 9,
    ]
    for name in dict.fromkeys(o.name for o in found):
        same = [o for o in found if o.name == name]

        def middle(values: Sequence[float | None]) -> str:
            known = [v for v in values if v is not None]
            return f"{mean(known):.3f}" if known else ""

        codes = " ".join(same[0].codes[:2])
        lines.append(
            f"| {name} | {sum(bool(o.codes) for o in same)} of {len(same)} | {sum(o.named for o in same)} "
            f"| {middle([o.buggy.shown for o in same])} | {middle([o.cured for o in same])} "
            f"| {middle([o.searched for o in same])} | {middle([o.fixed.shown for o in same])} "
            f"| {mean(o.reruns for o in same):.1f} | {codes} | {json.dumps(dict(same[0].patch))} |"
        )
    return [*lines, "", *summary(found)]


def summary(found: Sequence[Outcome]) -> list[str]:
    """The counts over all faults and seeds."""
    n = len(found)
    said = sum(len(o.codes) for o in found)
    right = sum(len(set(o.codes) & set(o.expect)) for o in found)
    lines = [
        f"warned {sum(bool(o.codes) for o in found)} of {n}",
        f"named {sum(o.named for o in found)} of {n}",
        f"codes a run {said / n:.1f}, {right / max(1, said):.0%} of them right",
        f"false alarms {sum(bool(o.alarms) for o in found)} of {n}: "
        + ", ".join(sorted({f"{o.name} {c}" for o in found for c in o.alarms})),
    ]
    for what, value in (("fix", "cured"), ("random search with as many runs", "searched")):
        shares = [s for o in found if (s := o.recovered(getattr(o, value))) is not None]
        if shares:
            gained = [min(1.0, max(0.0, s)) for s in shares]
            lines.append(
                f"{what}: mean {mean(gained):.2f} of the gap, {sum(s >= 0.9 for s in shares)} of {len(shares)} to 90 %"
            )
    if any(o.reruns for o in found):
        lines.append(f"runs of fix {mean(o.reruns for o in found):.1f} on average")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--no-fix", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    low, _, high = options.seeds.partition("-")
    truth: dict[str, Any] = read_config(options.folder / "truth.yaml")
    cases = [
        (name, seed, tuple(entry["expect"]))
        for name, entry in truth.items()
        for seed in range(int(low), int(high or low) + 1)
        if not options.only or any(part in name for part in options.only)
    ]
    work = partial(outcome, configs=(options.folder / "configs").resolve(), cure=not options.no_fix)
    with ProcessPoolExecutor(options.workers, get_context("forkserver")) as pool:
        found = list(pool.map(work, cases))
    print("\n".join(table(found)))
    if options.json:
        options.json.write_text(json.dumps([asdict(o) for o in found], indent=1))


if __name__ == "__main__":
    main()
