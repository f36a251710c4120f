"""The zoo: a benchmark of the monitors with healthy experiments, experiments with a known fault, and random ones.

It measures true positives (faults detected, and named correctly) and false positives (healthy runs with a warning). The
random experiments are labelled by their score alone, so no rule can be tuned to them.
"""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from math import log10
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from trainlab.core import config
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError, Problem
from trainlab.tools.zoo.reading import read_zoo
from trainlab.tools.zoo.result import Case, Cure, Verdict

SHIPPED = Path(__file__).with_name("zoo.yaml")  # `zoo/zoo.yaml` in the source leads here
_BUDGET = 12  # runs that `fix` may take


def cases(
    file: Path,
    seeds: Sequence[int],
    *,
    only: Sequence[str] = (),
    random: int = 0,
    draw: int = 0,
    cures: bool = False,
) -> list[Case]:
    """The cases of a zoo file over these seeds, and `random` ones drawn from its `random` section with the seed `draw`.

    only: names of entries, or parts of names · cures: try to fix the faults that a config can fix, and run their
    healthy twins, too. Raises UserError if the file cannot be read or nothing is left.
    """
    from trainlab.training.experiment import Experiment

    zoo = read_zoo(file)
    bases: dict[str, Any] = zoo["bases"]
    sound: dict[str, dict[str, Any]] = zoo.get("healthy") or {}
    sick: dict[str, dict[str, Any]] = zoo.get("faults") or {}
    shows: dict[str, dict[str, Any]] = zoo.get("shows") or {}
    made: list[Case] = []

    def raw(base: str, changes: Mapping[str, Any] | None, seed: int) -> dict[str, Any]:
        return config.override(bases[base], {**(changes or {}), "seed": seed}, Experiment)

    def chosen(name: str) -> bool:
        return not only or any(part in name for part in only)

    for name in filter(chosen, bases):
        made += [Case("healthy", name, seed, raw(name, None, seed)) for seed in seeds]
    for name in filter(chosen, sound):
        entry = sound[name]
        made += [Case("healthy", name, seed, raw(entry["base"], entry.get("set"), seed)) for seed in seeds]
    for name in filter(chosen, sick):
        entry = sick[name]
        cure = cures and bool(entry.get("cure", True))
        for seed in seeds:
            twin = raw(entry["base"], entry.get("twin"), seed) if cure else None
            expect = tuple(entry["expect"])
            sick_raw = raw(entry["base"], entry["set"], seed)
            made.append(Case("fault", name, seed, sick_raw, expect, cure=cure, twin=twin))
    for name in filter(chosen, shows):
        entry = shows[name]
        expect, looked = tuple(entry["expect"]), bool(entry.get("check"))
        made += [Case("shows", name, seed, raw(entry["base"], entry["set"], seed), expect, looked) for seed in seeds]
    made += _twins(made)
    if random and not zoo.get("random"):
        raise UserError(f"{file}: there is no section `random` to draw from; copy that of trainlab's zoo/zoo.yaml")
    if random:
        made += drawn(zoo["random"], random, draw)
    if not made:
        raise UserError(f"{file}: no entry of the zoo is called {', '.join(only)}")
    if file != SHIPPED:  # that one is tested
        _require_configs(file, made)
    return made


def _require_configs(file: Path, made: Sequence[Case]) -> None:
    """Raises ConfigError with the problems of all entries whose settings are no config."""
    from trainlab.training.experiment import Experiment

    problems: list[Problem] = []
    for case in {(case.kind, case.name): case for case in made}.values():
        try:
            config.read_plain(Experiment, dict(case.raw), f"{file}: {case.name}")
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def _twins(made: Sequence[Case]) -> list[Case]:
    """The healthy twins of faults that are not among the healthy cases already, each once."""
    known = {case.key for case in made if case.kind == "healthy"}
    more: dict[str, Case] = {}
    for case in made:
        if case.twin is not None:
            twin = Case("twin", f"twin of {case.name}", case.seed, case.twin)
            if twin.key not in known:
                more.setdefault(twin.key, twin)
    return list(more.values())


def drawn(space: Mapping[str, Any], number: int, seed: int) -> list[Case]:
    """Random configs: number i is a function of (seed, i) alone."""
    made: list[Case] = []
    for i in range(number):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,)))

        def pick(options: Sequence[Any], rng: np.random.Generator = rng) -> Any:
            return options[int(rng.integers(len(options)))]

        def log(bounds: Sequence[float], rng: np.random.Generator = rng) -> float:
            return float(f"{10 ** rng.uniform(log10(bounds[0]), log10(bounds[1])):.3g}")

        data = pick(space["data"])
        low, high = cast("tuple[int, int]", tuple(space["hidden"]["layers"]))
        hidden: list[int] = [pick(space["hidden"]["units"]) for _ in range(int(rng.integers(low, high + 1)))]
        optimizers: dict[str, Any] = space["optimizer"]
        optimizer: str = pick(list(optimizers))
        real = data in space.get("standardized", ("digits", "wine", "breast_cancer", "friedman1"))
        raw: dict[str, Any] = {
            "seed": int(rng.integers(1_000_000)),
            "data": {
                "name": data,
                "split": {"val": 0.33, "test": 0.0},
                "preprocess": [{"name": "standardize"}] if real else [],
            },
            "model": {
                "name": "mlp",
                "hidden": hidden,
                "activation": {"name": pick(space["activation"])},
                "init": {"name": pick(space["init"])},
                "norm": "batch" if rng.random() < space["norm"]["batch"] else "none",
                "dropout": pick(space["dropout"]),
            },
            "optimizer": {"name": optimizer, "lr": log(optimizers[optimizer]["log"])},
            "schedule": {"name": pick(space["schedule"])},
            "regularization": {"l2": log(space["l2"]["log"])},
            "train": {"epochs": pick(space["epochs"]), "batch_size": pick(space["batch_size"])},
        }
        made.append(Case("random", f"random-{i}", raw["seed"], raw, top=space.get("top", {}).get(data)))
    return made


def run(cases: Sequence[Case], workers: int = 1, runs: Path | None = None) -> Iterator[Verdict]:
    """The verdicts as they come, from `workers` processes of one BLAS thread each. runs: where to keep run folders."""
    with TemporaryDirectory(prefix="zoo-") as away:
        folder = runs or Path(away)
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")
        quiet = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; this one answers it
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=signal.signal, initargs=quiet)
        try:
            for future in as_completed([pool.submit(one, case, folder) for case in cases]):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def one(case: Case, folder: Path) -> Verdict:
    """Train one case in a folder of its own, and try to fix it if it has a fault that can be fixed."""
    from trainlab.training.experiment import Experiment, named
    from trainlab.training.train import train

    try:
        document = named(config.read_plain(Experiment, dict(case.raw), case.name))
        if case.check:
            return _checked(case, document)
        outcome = train(document, runs=folder, name=case.name)
        cured = _cured(outcome.folder) if case.cure else None
    except Exception as error:  # a case that cannot run is a result; the others go on
        return Verdict(case, "failed", float("nan"), error=f"{type(error).__name__}: {error}")
    found = tuple((d.code, d.severity, d.step or 0) for d in outcome.findings)
    score = float("nan") if outcome.state == "diverged" else _last_score(outcome.folder)
    if cured is not None and not cured.patch:
        cured = replace(cured, score=score)
    return Verdict(
        case,
        outcome.state,
        score,
        found,
        outcome.seconds,
        steps=outcome.step,
        cured=cured,
        folder=str(outcome.folder),
        led=tuple(d.code for d in outcome.findings if d.because),
    )


def _checked(case: Case, document: config.Document[Any]) -> Verdict:
    from trainlab.tools.check import check

    checked = check(document)
    found = tuple((d.code, d.severity, d.step or 0) for d in checked.diagnoses)
    return Verdict(case, "checked", float("nan"), found, checked.seconds)


def _cured(folder: Path) -> Cure:
    """The result of `fix` on a run."""
    from trainlab.tools.fix.budget import Budget
    from trainlab.tools.fix.fix import fix

    fixed = fix(folder, budget=Budget(_BUDGET))
    score = fixed.pairs[0][2] if fixed.pairs else float("nan")
    return Cure(fixed.state, score, fixed.reruns, fixed.patch, fixed.credits)


def _last_score(folder: Path) -> float:
    from trainlab.store.rows import read_rows

    rows = read_rows(folder / "metrics.csv")
    column = next(rows[c] for c in ("val_accuracy", "val_r2") if c in rows)
    return float("nan") if not column or column[-1] is None else float(column[-1])
