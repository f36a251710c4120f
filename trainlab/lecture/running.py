"""Trains the runs and sweeps of a chapter that are missing; what is there is kept, what was interrupted is resumed.

FOLDER/01-activations/relu/            a run
FOLDER/09-search/grid-sweep-1/         a sweep
FOLDER/09-search/plans.json            the configs that they were made by
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainlab.core.component import plain
from trainlab.core.config import Document
from trainlab.core.errors import Stopped
from trainlab.data.cache import SplitsCache
from trainlab.lecture.chapter import Chapter, Planned
from trainlab.report.sweep_record import SweepRecord
from trainlab.report.tune_record import TuneRecord
from trainlab.search import sweep as searching
from trainlab.search.experiment import SweepExperiment, read
from trainlab.search.summary import Summary
from trainlab.store.folder import is_run, make_folder
from trainlab.store.json_file import read_json, write_json
from trainlab.store.reading import RunRecord, is_sweep
from trainlab.store.steps import is_tune
from trainlab.training.callbacks import EXIT_CODES
from trainlab.training.train import resume, train
from trainlab.tuning import tune as tuning
from trainlab.tuning.budget import Budget
from trainlab.tuning.tune import Tuned

_PLANS = "plans.json"
_ENDED = ("finished", "diverged")


@dataclass(slots=True)
class Results:
    """The runs and sweeps of a chapter, by their names in it.

    short: whether they are those of the short form · shift: what was added to each of their seeds · settings: by their
    dotted paths, those that replace the chapter's.
    """

    chapter: Chapter
    folder: Path
    short: bool
    shift: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    runs: dict[str, RunRecord] = field(default_factory=dict[str, RunRecord])
    sweeps: dict[str, SweepRecord] = field(default_factory=dict[str, SweepRecord])
    tunes: dict[str, TuneRecord] = field(default_factory=dict[str, TuneRecord])
    documents: dict[str, Document[SweepExperiment]] = field(default_factory=dict[str, Document[SweepExperiment]])
    kept: dict[str, Any] = field(default_factory=dict[str, Any])  # what was measured of the runs, by name


def run_chapter(
    chapter: Chapter,
    folder: Path,
    *,
    short: bool,
    shift: int = 0,
    settings: Mapping[str, Any] | None = None,
    tell: Callable[[str], None],
) -> Results:
    """Train what is missing below `folder`. shift: is added to every seed · settings: by their dotted paths, they
    replace those of every run · tell: is told what is trained, in a line each.

    Raises ConfigError or UserError where a config of the chapter is wrong.
    """
    place = folder / chapter.name
    plans: dict[str, Any] = read_json(place / _PLANS) if (place / _PLANS).exists() else {}
    results = Results(chapter, place, short, shift, settings or {})
    cache, renewed = SplitsCache(), list[str]()
    for name, planned in chapter.plan.runs.items():
        document = _document(results, planned)
        results.documents[name] = document
        if any(value == f"run:{other}" for value in planned.set.values() for other in renewed):
            plans.pop(name, None)  # its weights come from a run that is another one now
        if _train(place / name, document, plans, cache, tell):
            renewed.append(name)
        results.runs[name] = RunRecord(place / name, name)
    for name, planned in chapter.plan.sweeps.items():
        document = _document(results, planned)
        results.documents[name] = document
        results.sweeps[name] = SweepRecord(_search(place, name, document, plans, tell), name)
    for name, planned in chapter.plan.tunes.items():
        document = _document(results, planned)
        results.documents[name] = document
        budget = Budget.read(planned.short_budget if short else planned.budget)
        results.tunes[name] = TuneRecord(_tune(place, name, document, budget, plans, tell), name)
    return results


def _document(results: Results, planned: Planned) -> Document[SweepExperiment]:
    made = {name: record.path for name, record in results.runs.items()}
    changes = {**results.chapter.changes(planned, made, short=results.short), **results.settings}
    file = results.chapter.folder / planned.config
    document = read(file, changes)
    if not results.shift:
        return document
    seeds = {"seed": document.value.seed + results.shift}
    if document.value.data.seed is not None:
        seeds["data.seed"] = document.value.data.seed + results.shift
    return read(file, changes | seeds)


def _train(
    path: Path,
    document: Document[SweepExperiment],
    plans: dict[str, Any],
    cache: SplitsCache,
    tell: Callable[[str], None],
) -> bool:
    """Whether the run was trained from its start."""
    if _same(path, document, plans) and is_run(path):
        if RunRecord(path, path.name).state in _ENDED:
            return False
        tell(f"{path}: resumed")
        resume(path, cache=cache, durable=False)
        return False
    if path.exists():
        shutil.rmtree(path)
    tell(f"{path}")
    _remember(path, document, plans)  # first, so that what is killed from here on is resumed
    train(document, into=path, cache=cache, durable=False)
    return True


def _search(
    place: Path, name: str, document: Document[SweepExperiment], plans: dict[str, Any], tell: Callable[[str], None]
) -> Path:
    path = place / f"{name}-sweep-1"
    if _same(path, document, plans) and is_sweep(path):
        found = SweepRecord(path)
        if (path / "best.yaml").exists():
            return path
        if found.ranked or not any(trial.status == "failed" for trial in found.trials):
            tell(f"{path}: resumed")
            _went_on(searching.resume(path, workers=1))
            return path
    if path.exists():
        shutil.rmtree(path)
    tell(f"{path}")
    _remember(path, document, plans)
    _went_on(searching.start(document, runs=place, name=name, workers=1))
    return path


def _tune(
    place: Path,
    name: str,
    document: Document[SweepExperiment],
    budget: Budget,
    plans: dict[str, Any],
    tell: Callable[[str], None],
) -> Path:
    path = place / f"{name}-tune-1"
    if _same(path, document, plans, str(budget)) and is_tune(path):
        if "end" not in TuneRecord(path).steps:
            tell(f"{path}: resumed")
            _went_on(tuning.resume(path, runs=place))
        return path
    if path.exists():
        shutil.rmtree(path)
    tell(f"{path}")
    _remember(path, document, plans, str(budget))
    _went_on(tuning.start(document, budget, runs=place, name=name))
    return path


def _went_on(ended: Summary | Tuned) -> None:
    """Raises Stopped where a signal has ended a sweep or tune, which only say so."""
    if ended.exit_code == EXIT_CODES["interrupted"]:
        raise Stopped


def _same(path: Path, document: Document[SweepExperiment], plans: dict[str, Any], budget: str = "") -> bool:
    return plans.get(path.name) == _plan_of(document, budget)


def _remember(path: Path, document: Document[SweepExperiment], plans: dict[str, Any], budget: str = "") -> None:
    make_folder(path.parent, exist_ok=True)
    plans[path.name] = _plan_of(document, budget)
    write_json(path.parent / _PLANS, plans)


def _plan_of(document: Document[SweepExperiment], budget: str) -> dict[str, Any]:
    return plain(document.value) | ({"budget": budget} if budget else {})
