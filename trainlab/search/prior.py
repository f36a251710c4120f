"""What an earlier sweep of the same settings has found, as a start for another one.

The trials are copied into the folder of the new sweep, as prior.jsonl: its resume needs the earlier sweep no more.
"""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.search.experiment import read
from trainlab.search.strategy import PastTrial
from trainlab.search.table import oriented
from trainlab.store.appending import read_lines
from trainlab.store.rows import read_trials, sampled_value
from trainlab.store.strict_json import dumps, loads
from trainlab.store.writing import write_atomic

FILE = "prior.jsonl"
_ENDED = ("finished", "diverged", "stopped", "failed")


def from_sweep(folder: Path, metric: str, paths: Sequence[str], alike: int = 1) -> list[PastTrial]:
    """The trials of a sweep that have ended, with their values at these paths; without a score if they went wrong.
    alike: see `PastTrial`.

    Raises UserError if that sweep has compared its trials by another metric, or has searched other settings.
    """
    settings = read(folder / "sweep.yaml", own=True).value.sweep
    if settings is None or settings.metric != metric:
        was = settings.metric if settings else "nothing"
        raise UserError(f"{folder}: its trials were compared by {was}, not by {metric}; its results say nothing here")
    if set(settings.settings) != set(paths):
        apart = sorted(set(settings.settings) ^ set(paths))
        raise UserError(
            f"{folder}: it has searched other settings: {', '.join(apart)} is in one of the two spaces only. Make the "
            "keys of both spaces the same; their ranges may differ"
        )
    table = read_trials(folder / "trials.csv")
    if lacking := [column for column in (*paths, metric) if table and column not in table]:
        raise UserError(f"{folder / 'trials.csv'}: damaged: it has no column `{lacking[0]}`")
    found: list[PastTrial] = []
    for i, number in enumerate(table.get("trial", [])):
        if table["status"][i] not in _ENDED:
            continue
        cells = {path: sampled_value(table[path][i]) for path in paths if table[path][i] is not None}
        score = table[metric][i] if table["status"][i] == "finished" else None
        known = float(score) if isinstance(score, int | float) and isfinite(score) else None
        found.append(PastTrial(int(number), cells, oriented(known, metric), alike))
    return found


def write_prior(folder: Path, prior: Sequence[PastTrial]) -> None:
    """Keep these trials in the folder of a new sweep. Raises UserError if it cannot be written."""
    lines = [dumps({"trial": p.trial, "values": dict(p.values), "score": p.score, "alike": p.alike}) for p in prior]
    if lines:
        write_atomic(folder / FILE, "".join(f"{line}\n" for line in lines).encode(), durable=True)


def read_prior(folder: Path) -> list[PastTrial]:
    """The trials that a sweep began with; none if it has no such file. Raises UserError if that is damaged."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        lines = [cast("dict[str, Any]", loads(line)) for line in read_lines(path).splitlines()]
        return [PastTrial(int(line["trial"]), line["values"], line["score"], line["alike"]) for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged: {error}") from error
