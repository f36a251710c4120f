"""`trainlab tune`: the course's seven steps joined, from a config to a confirmed winner within a budget.

The folder `runs/NAME-tune-N` holds `tune.yaml` (the experiment), `tune.jsonl` (the journal, the only state), an
ordinary sweep `search-K` for each round, a run folder for each further seed in `confirm/`, and at the end `best.yaml`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainlab.core.component import plain
from trainlab.core.config import Document, amended
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.search.callbacks import SweepCallback
from trainlab.search.experiment import SweepExperiment, read
from trainlab.search.lookup import find_sweep
from trainlab.search.prior import from_sweep
from trainlab.search.space import SearchSpace
from trainlab.search.sweep import deciding
from trainlab.store.folder import next_free, refuse_links, safe_name
from trainlab.store.lock import locked
from trainlab.store.plugins import write_plugins
from trainlab.store.steps import FILE, is_tune, read_steps
from trainlab.store.writing import write_atomic
from trainlab.training.best import BEST
from trainlab.training.transfer import located
from trainlab.tuning import story
from trainlab.tuning.budget import Budget
from trainlab.tuning.journal import Journal, Step
from trainlab.tuning.rounds import spelled
from trainlab.tuning.session import FailedCheckError, Session, StopTuneError

Tell = Callable[[Step], None]
_LEARNING = ("gp", "tpe")  # strategies that start a round from the one before it
_KEPT = ("stop_bad_trials", "max_failed", "limits")  # of the config's block `sweep`, besides metric, space and `first`
_OWN = ("strategy", "trials", "stages", "repeats", "folds", "test")  # a tune decides itself


@dataclass(frozen=True, slots=True)
class Tuned:
    """How a tune has ended. state: finished, interrupted or failed · steps: the journal's lines by their names."""

    folder: Path
    state: str
    steps: Mapping[str, Step]
    seconds: float

    @property
    def exit_code(self) -> int:
        """0; 130 if it was interrupted; 4 if the check has failed; 3 if no trial has finished."""
        if self.state == "interrupted":
            return 130
        if self.steps["check"]["failed"]:
            return 4
        return 0 if self.steps["end"]["winner"] else 3

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        last: Step = self.steps.get("end", {})
        confirmed: Step = self.steps.get("confirm", {})
        return {
            "folder": str(self.folder),
            "state": self.state,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "winner": confirmed.get("winner"),
            "test": self.steps.get("test", {}).get("scores"),
            "baselines": self.steps.get("test", {}).get("baselines"),
            "changes": last.get("changes"),
            "run": str(self.folder / last["run"]) if last.get("run") else None,
            "steps": list(self.steps.values()),
        }


def plan_of(
    document: Document[SweepExperiment], budget: Budget, *, fix: bool = False, prior: str | None = None, runs: Path
) -> dict[str, Any]:
    """What is asked of a tune: the first line of its journal. Raises ConfigError or UserError if it cannot be done."""
    if document.value.sweep is None:
        document = amended(document, {"sweep": {"space": "auto"}})
    if not (document.value.data.split.validates):
        raise document.error("data.split", "tune compares trials by validation rows, but data.split.val is 0")
    sweep = document.value.sweep
    assert sweep is not None  # noqa: S101 - given above, for the type checker
    auto = sweep.space == "auto"
    space = SearchSpace(document)
    if space.sweep.metric == BEST:
        space.compare_by(deciding(space, document.value))
    learns = sweep.strategy.name in _LEARNING
    config = {key: value for key, value in space.config.items() if key != "sweep"}
    config["data"] = {**config["data"], "seed": config["data"].get("seed") or config["seed"]}
    earlier = find_sweep(prior, runs).resolve() if prior is not None else None
    known = from_sweep(earlier, space.sweep.metric, list(space.distributions)) if earlier else []
    return {
        "config": config,
        "budget": asdict(budget),
        "metric": space.sweep.metric,
        "epochs": document.value.train.epochs,
        "space": {path: spelled(found) for path, found in space.distributions.items()},
        "auto": auto,
        "strategy": plain(sweep.strategy) if learns else {"name": "gp"},
        "first": sweep.first,
        "kept": {key: value for key, value in plain(sweep).items() if key in _KEPT},
        "unused": [key for key in _OWN if key in sweep.model_fields_set and not (key == "strategy" and learns)],
        "fix": fix,
        "prior": str(earlier) if earlier else None,
        "prior_trials": len(known),
    }


def start(
    document: Document[SweepExperiment],
    budget: Budget,
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    fix: bool = False,
    prior: str | None = None,
    workers: int = 1,
    shown: SweepCallback | None = None,
    tell: Tell = lambda step: None,
) -> Tuned:
    """Tune an experiment in a new folder `runs/NAME-tune-N`.

    fix: apply the patches of what `check` finds · prior: a sweep of the same settings to start from · workers: trials
    at once · shown: shows the trials · tell: is told of each step. Raises ConfigError or UserError before it begins.
    """
    document = located(document, runs)
    asked = plan_of(document, budget, fix=fix, prior=prior, runs=runs)
    folder = next_free(runs, safe_name(f"{name or document.value.name}-tune"))
    with locked(folder):
        write_atomic(folder / "tune.yaml", dump(asked["config"]).encode(), durable=True)
        write_plugins(folder)
        with Journal(folder) as journal:
            journal.once("plan", lambda: story.told("plan", asked, {}), tell)
            return _run(folder, journal, workers, shown, tell)


def resume(
    tune: Path | str,
    *,
    runs: Path = Path("runs"),
    workers: int = 1,
    shown: SweepCallback | None = None,
    tell: Tell = lambda step: None,
) -> Tuned:
    """Continue a tune that was stopped or killed, to the end of an undisturbed one. Raises UserError if there is none,
    or another process runs it.
    """
    folder = find_tune(tune, runs)
    with locked(folder):
        if not any(step["step"] == "plan" for step in read_steps(folder / FILE)):
            raise UserError(f"{folder}: it was killed before it began; start it again with its config")
        read(folder / "tune.yaml", own=True)  # loads its plugins, before anything is written
        with Journal(folder) as journal:
            for step in journal.steps.values():
                tell(step)
            return _run(folder, journal, workers, shown, tell)


def find_tune(tune: Path | str, runs: Path) -> Path:
    """The folder of a tune, given by path or by name. Raises UserError with the latest names if there is none, and if
    something in it is a link.
    """
    for path in (Path(tune), runs / tune):
        if is_tune(path):
            refuse_links(path)
            return path
    there = sorted(path.name for path in runs.iterdir() if is_tune(path)) if runs.is_dir() else []
    known = f"{runs} holds {', '.join(there[-5:])}" if there else f"there are no tunes in {runs}"
    raise UserError(f"no tune `{tune}`: {known}")


def _run(folder: Path, journal: Journal, workers: int, shown: SweepCallback | None, tell: Tell) -> Tuned:
    session = Session(folder, journal, shown or SweepCallback(), workers, tell)
    try:
        session.run()
        state = "finished"
    except (StopTuneError, KeyboardInterrupt):  # the second between two sweeps, where no trial has a state to save
        journal.tick()
        state = "interrupted"
    except FailedCheckError:
        state = "failed"
    return Tuned(folder, state, dict(journal.steps), journal.seconds)
