"""The end of a tune: the best trials with several seeds, the winner's test rows, baselines beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from trainlab.core.component import plain
from trainlab.core.dump import dump
from trainlab.core.metric_names import lower_is_better
from trainlab.inference.evaluate import evaluate
from trainlab.search.experiment import read_plain
from trainlab.search.uncertainty import paired, spread
from trainlab.store.plain_yaml import read_config
from trainlab.store.writing import write_atomic
from trainlab.training.baselines import baselines
from trainlab.training.setup import build
from trainlab.tuning.decide import Result
from trainlab.tuning.rounds import value_at
from trainlab.tuning.seeds import SeedRun, result_of

_SCORES = ("accuracy", "r2")
Candidate = tuple[Result, Sequence[SeedRun]]


def baselines_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What simpler models score on the same splits; empty where there is nothing to compare with."""
    setup = build(read_plain(config))
    return baselines(setup.parts, setup.metrics, setup.best.metric) | {"test_rows": len(setup.parts.test or ())}


def seed_runs(folder: Path, result: Result, count: int) -> list[SeedRun]:
    """The trial's own run, and runs of its config with further seeds, `count` in all; the rows stay the same ones,
    because `data.seed` is set.
    """
    sweep, _, number = result.trial.partition("/")
    own = folder / sweep / "trials" / number
    config = read_config(own / "config.yaml")
    place = folder / "confirm" / f"{sweep}-trial-{int(number)}"
    seeds = [int(config["seed"]) + k for k in range(1, count)]
    return [SeedRun(own, config), *(SeedRun(place / f"seed-{seed}", {**config, "seed": seed}) for seed in seeds)]


def scores(runs: Sequence[SeedRun], metric: str) -> list[float]:
    """The scores of the runs that have finished."""
    found = (result_of(run, metric) for run in runs)
    return [part.score for part in found if part.state == "finished" and part.score is not None]


def epochs_of(run: SeedRun) -> int:
    """How many epochs a run was trained."""
    return result_of(run, "val_loss").epochs


def deviation(found: Sequence[float]) -> float | None:
    """The standard deviation; None for fewer than two."""
    return stdev(found) if len(found) > 1 else None


def compared(folder: Path, candidates: Sequence[Candidate], metric: str) -> dict[str, Any]:
    """The candidates over seeds, the best mean first, and each one's difference from the first with its interval."""
    sign = 1.0 if lower_is_better(metric) else -1.0
    rows: list[dict[str, Any]] = []
    for result, runs in candidates:
        found = scores(runs, metric)
        around = spread(found, metric=metric)
        rows.append(
            {
                "trial": result.trial,
                "search_score": result.score,
                "epochs": result.epochs,
                "values": dict(result.values),
                "scores": found,
                "mean": fmean(found) if found else None,
                "low": around and around.low,
                "high": around and around.high,
                "folders": [str(run.folder.relative_to(folder)) for run in runs],
            }
        )
    most = max((len(row["scores"]) for row in rows), default=0)
    whole = [row for row in rows if row["mean"] is not None and len(row["scores"]) == most]
    whole.sort(key=lambda row: sign * row["mean"])
    for row in whole[1:]:
        against = paired(row["scores"], whole[0]["scores"])
        row["against"] = None if against is None else {**asdict(against), "clear": against.clear}
    return {"candidates": [*whole, *(row for row in rows if row not in whole)], "winner": whole[0] if whole else None}


def tested(folder: Path, confirmed: Mapping[str, Any], beside: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The test rows, scored by the winner's runs only; the baselines' scores on them."""
    found = confirmed["winner"]
    known = {name: of.get("test", {}) for name, of in beside.get("scores", {}).items()}
    if found is None or not beside["test_rows"]:
        return {"scores": {}, "baselines": known, "rows": 0}
    each = [evaluate(folder / name).scores for name in found["folders"][: len(found["scores"])]]
    names = [name for name in each[0] if all(name in of for of in each)]
    made: dict[str, Any] = {}
    for name in names:
        values = [float(of[name]) for of in each]
        around = spread(values, metric=name)
        made[name] = {"mean": fmean(values), "low": around and around.low, "high": around and around.high}
    column = metric.partition("_")[2]
    first = next((c for of in known.values() for c in of), None)
    shown = [name for name in dict.fromkeys((first, column, *_SCORES)) if name in made] or names[:1]
    return {"scores": made, "baselines": known, "rows": beside["test_rows"], "shown": shown, "runs": len(each)}


def end(folder: Path, steps: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Write best.yaml; the winner's config as a difference from the given one."""
    asked, confirmed, patch = steps["plan"], steps["confirm"], steps["check"]["patch"]
    metric = asked["metric"]
    found = confirmed["winner"]
    if found is None:
        return {"winner": None, "changes": []}
    sign = 1.0 if lower_is_better(metric) else -1.0
    best = min(range(len(found["scores"])), key=lambda i: sign * found["scores"][i])
    run = folder / found["folders"][best]
    config = read_config(run / "config.yaml")
    config["monitors"] = asked["config"]["monitors"]  # a trial also stops at findings of severity error
    head = f"# the winner of {folder.name}: {metric} {found['mean']:.4g}, the mean of {len(found['scores'])} seeds\n"
    write_atomic(folder / "best.yaml", (head + dump(config)).encode())
    keys = [*patch, *(key for key in found["values"] if key not in patch), "train.epochs"]
    given: dict[str, Any] = plain(read_plain(asked["config"]).value)  # with the defaults of what is searched
    pairs = {key: (value_at(given, key), value_at(config, key)) for key in keys}
    changes = [{"setting": key, "given": a, "winner": b} for key, (a, b) in pairs.items() if a != b]
    return {"winner": found["trial"], "run": str(run.relative_to(folder)), "changes": changes}
