"""The zoo: healthy experiments that must stay silent, sabotaged ones that must be caught, and ones drawn blindly.

It measures the monitors the way one measures a medical test: of the sick, how many are caught and how many named; of
the healthy, how many are bothered. The random part is labelled by its outcome alone, so no rule can be made for it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from math import isfinite, log10
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

import numpy as np

from trainlab.core import config
from trainlab.core.errors import UserError
from trainlab.store.plain_yaml import read_config

Kind = Literal["healthy", "fault", "random"]
SHIPPED = Path(__file__).parents[2] / "zoo" / "zoo.yaml"
GOOD, BAD = 0.03, 0.15  # below the 90th percentile of its data set: at most this is good, more than that bad


@dataclass(frozen=True, slots=True)
class Case:
    """One run of the zoo: a config as plain data, and what is known about it. expect: codes that name its fault."""

    kind: Kind
    name: str
    seed: int
    raw: Mapping[str, Any]
    expect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case. score: the last validation score (nan if it diverged) · found: (code, severity, step)."""

    case: Case
    state: str
    score: float
    found: tuple[tuple[str, str, int], ...] = ()
    seconds: float = 0.0
    error: str = ""

    @property
    def alarms(self) -> list[tuple[str, str, int]]:
        """What is more than advice."""
        return [f for f in self.found if f[1] != "info"]

    @property
    def caught(self) -> bool:
        """Whether there is a warning or an error."""
        return bool(self.alarms)

    @property
    def named(self) -> bool:
        """Whether an expected code is among the first two alarms."""
        return any(code in self.case.expect for code, _, _ in self.alarms[:2])

    @property
    def before(self) -> bool:
        """Whether the first alarm came before the first step."""
        return bool(self.alarms) and self.alarms[0][2] == 0


@dataclass(slots=True)
class Result:
    """All verdicts. good and bad: the random ones by their outcome; the rest of them is not counted."""

    verdicts: list[Verdict] = field(default_factory=list[Verdict])

    def of(self, kind: Kind) -> list[Verdict]:
        """The verdicts on one kind of case."""
        return [v for v in self.verdicts if v.case.kind == kind]

    def judged(self) -> tuple[list[Verdict], list[Verdict]]:
        """(good, bad) of the random cases."""
        good: list[Verdict] = []
        bad: list[Verdict] = []
        by_data: dict[str, list[Verdict]] = {}
        for v in self.of("random"):
            by_data.setdefault(str(v.case.raw["data"]["name"]), []).append(v)
        for same in by_data.values():
            scores = [v.score for v in same if isfinite(v.score)]
            if not scores:
                bad += same
                continue
            top = float(np.percentile(scores, 90))
            good += [v for v in same if v.score >= top - GOOD]
            bad += [v for v in same if not v.score >= top - BAD]
        return good, bad

    def summary(self) -> dict[str, Any]:
        """Counts over all, and by code: sick runs it caught and named, healthy ones it bothered."""
        faults, healthy = self.of("fault"), self.of("healthy")
        good, bad = self.judged()
        codes: dict[str, dict[str, int]] = {}

        def count(verdicts: Sequence[Verdict], column: str, keep: Callable[[Verdict, str], bool]) -> None:
            for v in verdicts:
                for code in {c for c, _, _ in v.alarms}:
                    if keep(v, code):
                        row = codes.setdefault(code, {"caught": 0, "named": 0, "first": 0, "bothered": 0})
                        row[column] += 1

        count([*faults, *bad], "caught", lambda _, __: True)
        count(faults, "named", lambda v, code: code in v.case.expect)
        count([*faults, *bad], "first", lambda v, code: v.alarms[0][0] == code)
        count([*healthy, *good], "bothered", lambda _, __: True)
        return {
            "faults": len(faults),
            "caught": sum(v.caught for v in faults),
            "named": sum(v.named for v in faults),
            "before_first_step": sum(v.before for v in faults),
            "healthy": len(healthy),
            "bothered": sum(v.caught for v in healthy),
            "random": len(self.of("random")),
            "bad": len(bad),
            "bad_caught": sum(v.caught for v in bad),
            "good": len(good),
            "good_bothered": sum(v.caught for v in good),
            "failed": sum(bool(v.error) for v in self.verdicts),
            "codes": dict(sorted(codes.items())),
        }


def cases(file: Path, seeds: Sequence[int], *, only: Sequence[str] = (), random: int = 0, draw: int = 0) -> list[Case]:
    """The cases of a zoo file over these seeds, and `random` ones drawn from its `random` section with the seed `draw`.

    only: names of entries, or parts of names. Raises UserError if the file cannot be read or nothing is left.
    """
    from trainlab.lab.experiment import Experiment

    if not file.is_file():
        raise UserError(f"{file}: no such file; give the path of a zoo, for example zoo/zoo.yaml of trainlab's source")
    zoo = read_config(file)
    bases: dict[str, Any] = zoo["bases"]
    sound: dict[str, dict[str, Any]] = zoo.get("healthy") or {}
    sick: dict[str, dict[str, Any]] = zoo.get("faults") or {}
    made: list[Case] = []

    def add(kind: Kind, name: str, base: str, changes: Mapping[str, Any] | None, expect: Sequence[str] = ()) -> None:
        if not only or any(part in name for part in only):
            for seed in seeds:
                raw = config.override(bases[base], {**(changes or {}), "seed": seed}, Experiment)
                made.append(Case(kind, name, seed, raw, tuple(expect)))

    for name in bases:
        add("healthy", name, name, None)
    for name, entry in sound.items():
        add("healthy", name, entry["base"], entry.get("set"))
    for name, entry in sick.items():
        add("fault", name, entry["base"], entry.get("set"), entry["expect"])
    if random:
        made += drawn(zoo["random"], random, draw)
    if not made:
        raise UserError(f"{file}: no entry of the zoo is called {', '.join(only)}")
    return made


def drawn(space: Mapping[str, Any], number: int, seed: int) -> list[Case]:
    """Blind configs: number i is a function of (seed, i) alone."""
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
        made.append(Case("random", f"random-{i}", raw["seed"], raw))
    return made


def as_data(result: Result) -> dict[str, Any]:
    """The summary and every verdict, as plain data."""
    rows = [
        {
            "kind": v.case.kind,
            "name": v.case.name,
            "seed": v.case.seed,
            "expect": list(v.case.expect),
            "state": v.state,
            "score": v.score if isfinite(v.score) else None,
            "found": [{"code": code, "severity": severity, "step": step} for code, severity, step in v.found],
            "error": v.error or None,
        }
        for v in sorted(result.verdicts, key=lambda v: (v.case.kind, v.case.name, v.case.seed))
    ]
    return {"summary": result.summary(), "runs": rows}


def run(cases: Sequence[Case], workers: int = 1, runs: Path | None = None) -> Iterator[Verdict]:
    """The verdicts as they come, from `workers` processes of one BLAS thread each. runs: where folders are kept."""
    with TemporaryDirectory(prefix="zoo-") as away:
        folder = runs or Path(away)
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for future in as_completed([pool.submit(one, case, folder) for case in cases]):
                yield future.result()


def one(case: Case, folder: Path) -> Verdict:
    """Train one case in a folder of its own."""
    from trainlab.lab.experiment import Experiment, named
    from trainlab.lab.run import train

    try:
        document = named(config.read_plain(Experiment, dict(case.raw), case.name))
        outcome = train(document, runs=folder, name=case.name)
    except Exception as error:  # a case that cannot run is a result; the others go on
        return Verdict(case, "failed", float("nan"), error=f"{type(error).__name__}: {error}")
    found = tuple((d.code, d.severity, d.step) for d in outcome.diagnoses)
    return Verdict(case, outcome.state, _last_score(outcome.folder), found, outcome.seconds)


def _last_score(folder: Path) -> float:
    from trainlab.store.rows import read_rows

    rows = read_rows(folder / "metrics.csv")
    column = next(rows[c] for c in ("val_accuracy", "val_r2") if c in rows)
    return float("nan") if not column or column[-1] is None else float(column[-1])
