"""Finds sweeps, the best trials of a sweep, and the run folders of a trial."""

from math import isfinite
from pathlib import Path

from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.search.experiment import read
from trainlab.store.folder import is_run, refuse_links
from trainlab.store.reading import find_runs, is_sweep
from trainlab.store.rows import read_trials


def find_sweep(sweep: Path | str, runs: Path) -> Path:
    """The folder of a sweep, given by path or by name.

    Raises UserError with the latest names if there is none, and if something in it is a link.
    """
    for path in (Path(sweep), runs / sweep):
        if is_sweep(path):
            refuse_links(path)
            return path
    there = sorted(path.name for path in runs.iterdir() if is_sweep(path)) if runs.is_dir() else []
    known = f"{runs} holds {', '.join(there[-5:])}" if there else f"there are no sweeps in {runs}"
    raise UserError(f"no sweep `{sweep}`: {known}")


def best_trials(folder: Path) -> list[int]:
    """The numbers of the finished trials with a score, the best first, from trials.csv."""
    sweep = read(folder / "sweep.yaml", own=True).value.sweep
    metric = sweep.metric if sweep is not None else "val_loss"  # sweep.yaml names it, also where it was `best`
    table = read_trials(folder / "trials.csv")
    rows = zip(*(table.get(name, []) for name in ("trial", "status", metric)), strict=False)
    known = ((n, v) for n, status, v in rows if status == "finished" and isinstance(v, int | float))
    scores: dict[int, float] = {n: float(v) for n, v in known if isfinite(v)}
    sign = 1.0 if lower_is_better(metric) else -1.0
    return sorted(scores, key=lambda number: (sign * scores[number], number))


def best_runs(folder: Path, top: int) -> list[Path]:
    """The run folders of the `top` best trials of a sweep: of each trial all its repeats or folds.

    Raises UserError if it has fewer finished trials.
    """
    best = best_trials(folder)
    if len(best) < top:
        raise UserError(f"{folder}: has {len(best)} finished trials with a score, fewer than --top {top}")
    return [run for number in best[:top] for run in runs_of_trial(folder, number)]


def runs_of_trial(folder: Path, number: int) -> list[Path]:
    """The run folders of a trial: its own, or one for each of its repeats or folds."""
    trial = folder / "trials" / f"{number:04}"
    return [trial] if is_run(trial) else find_runs(trial)
