"""A round of trials, and what it says about the next one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Any, cast

from trainlab.core.component import brief
from trainlab.core.metric_names import lower_is_better
from trainlab.search.callbacks import SweepCallback
from trainlab.search.distribution import Distribution
from trainlab.search.experiment import read_plain
from trainlab.search.prior import from_sweep
from trainlab.search.sweep import resume, start
from trainlab.store.findings import read_findings
from trainlab.store.reading import is_sweep
from trainlab.store.rows import read_trials
from trainlab.tuning.decide import Move, Result, next_move, ranked

_SHORT = ("not-converged", "underfitting")  # findings that a short trial has because it is short


def trained(
    folder: Path,
    config: Mapping[str, Any],
    block: Mapping[str, Any],
    earlier: Sequence[tuple[Path, int]],
    workers: int,
    callback: SweepCallback,
) -> dict[str, Any]:
    """Train a round, or the rest of it; what came of its trials. earlier: the sweeps that it starts from, with
    the epochs of their trials.
    """
    if is_sweep(folder):
        resume(folder, workers=workers, callback=callback)
    else:
        metric, paths, own = str(block["metric"]), list(block["space"]), int(config["train"]["epochs"])
        alike = [(sweep, 0 if epochs == own else epochs) for sweep, epochs in earlier]
        prior = [trial for sweep, number in alike for trial in from_sweep(sweep, metric, paths, number)]
        document = read_plain({**config, "sweep": {**block, "test": False}}, source="tune.yaml")
        start(document, into=folder, workers=workers, callback=callback, prior=prior)
    return {"trials": int(block["trials"]), "epochs": int(config["train"]["epochs"]), **_came_of(folder, block)}


def _came_of(folder: Path, block: Mapping[str, Any]) -> dict[str, Any]:
    """The finished trials of a round, the number of the others, its cost, and the ranges that ended too soon."""
    table, metric, paths = read_trials(folder / "trials.csv"), str(block["metric"]), list(block["space"])
    prior = {trial.trial: trial.values for trial in from_sweep(folder, metric, paths)}
    results: list[dict[str, Any]] = []
    states: dict[str, int] = {}
    for i, number in enumerate(table.get("trial", [])):
        status, score = str(table["status"][i]), table[metric][i]
        states[status] = states.get(status, 0) + 1
        if status == "finished" and isinstance(score, int | float) and isfinite(score):
            codes = str(table["diagnoses"][i] or "").split()
            facts = {"score": float(score), "epochs": int(table["epochs"][i]), "codes": codes}
            results.append({"trial": f"{folder.name}/{int(number):04}", **facts, "values": dict(prior[int(number)])})
    cost = {"runs": len(table.get("trial", [])), "epochs_trained": int(sum(table.get("epochs", [])))}
    return {"results": results, "states": states, "cost": cost, "wider": _wider(folder)}


def _wider(folder: Path) -> dict[str, Any]:
    """The ranges to try next, by setting, as the finding `edge-of-range` suggests them."""
    path, prefix = folder / "findings.jsonl", "sweep.space."
    found = read_findings(path) if path.exists() else []
    patches = [patch for finding in found if finding["code"] == "edge-of-range" for patch in finding["patches"]]
    return {key.removeprefix(prefix): value for patch in patches for key, value in patch.items()}


def results(steps: Mapping[str, Mapping[str, Any]], metric: str) -> list[Result]:
    """The results of the full trials so far, the best first; those of the short ones while there are no others."""
    by_round = [step["results"] for name, step in steps.items() if name.startswith("search-")]
    full = [result for found in by_round[1:] for result in found]
    return ranked([Result(**result) for result in full or [r for found in by_round for r in found]], metric)


def without_luck(score: float, seeds: Sequence[float], metric: str) -> float:
    """What a trial with this score, the best of many, scores on average: worse by what the first of these scores, of
    one trial with several seeds, was better than their mean.

    >>> round(without_luck(0.40, [0.42, 0.50, 0.52], "val_loss"), 2), without_luck(0.40, [0.5, 0.4], "val_loss")
    (0.46, 0.4)
    """
    sign = 1.0 if lower_is_better(metric) else -1.0
    return score + sign * max(0.0, sign * (fmean(seeds) - seeds[0])) if seeds else score


def after(
    number: int,
    found: Sequence[Result],
    space: Mapping[str, Any],
    epochs: int,
    base: int,
    wider: Mapping[str, Mapping[str, Any]],
) -> Move:
    """The move after this round. That short trials still improve or underfit says nothing."""
    if number == 1:
        found = [replace(result, codes=[c for c in result.codes if c not in _SHORT]) for result in found]
    return next_move(found, space, epochs, base, wider)


def shorter(move: Move, epochs: int) -> Move:
    """The move without longer trials."""
    return replace(move, epochs=epochs, reasons=move.reasons[1:])


def spelled(distribution: Distribution) -> dict[str, Any]:
    """A range as a user would write it: `{log: [1e-5, 1]}`."""
    settings = brief(distribution)
    name, first = settings.pop("name"), settings.pop(distribution.first)
    return {name: first, **{key: value for key, value in settings.items() if value}}


def value_at(config: Any, path: str) -> Any:
    """The value at a dotted path; a component without settings as its name. None if there is none."""
    for key in path.split("."):
        if isinstance(config, list):
            items = cast("list[Any]", config)
            config = items[int(key)] if key.isdecimal() and int(key) < len(items) else None
        else:
            config = cast("dict[str, Any]", config).get(key) if isinstance(config, dict) else None
    if isinstance(config, dict):
        table = cast("dict[str, Any]", config)
        return table["name"] if list(table) == ["name"] else table
    return config
