"""`fix` tries suggested patches in real runs with the same seed and keeps what measurably helps.

`search.py` says in which order. Better means: the validation score rose by more than chance explains. The score is the
metric that decides which epoch is the best, where its noise is known; see `score.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import trainlab
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.engine.sampler import steps_per_epoch
from trainlab.store.environment import data_fingerprint, read_environment
from trainlab.store.folder import RunFolder
from trainlab.store.lock import locked
from trainlab.store.plain_yaml import read_config
from trainlab.store.status import Status, read_status, seen_state
from trainlab.tools.fix.budget import Budget
from trainlab.tools.fix.score import score_of
from trainlab.tools.fix.search import Search
from trainlab.tools.fix.significance import mean_gain, noise
from trainlab.tools.fix.suggestion import Patch, resolved, suggestions
from trainlab.tools.fix.trial import ENDED, Trial, Trials, read_trial
from trainlab.training.best import AUTO
from trainlab.training.callbacks import Callback
from trainlab.training.experiment import read
from trainlab.training.setup import build

State = Literal["healthy", "cured", "improved", "nothing helped", "no prescription", "interrupted"]
_LONG = 120.0  # seconds: trials of a longer run have fewer epochs
_LEAST_EPOCHS = 5


@dataclass(frozen=True, slots=True)
class Fixed:
    """The result of `fix`.

    state: `cured`, measurably better and no warning is left; `improved`, better, but some warning is left · pairs:
    scores without and with the patch, by seed · credits: the codes whose suggestions are in the patch · found, left:
    warnings and errors of the unpatched run and of the best one.
    """

    run: str
    folder: Path
    state: State
    metric: str
    patch: Patch
    credits: tuple[str, ...]
    pairs: tuple[tuple[int, float, float], ...]
    found: tuple[Finding, ...]
    left: tuple[Finding, ...]
    trials: tuple[Trial, ...]
    reruns: int
    rows: int
    seconds: float
    stopped: str = ""

    @property
    def gain(self) -> float:
        """The mean gain over the seeds."""
        return mean_gain([(b, a) for _, b, a in self.pairs]) if self.pairs else 0.0

    @property
    def error(self) -> float:
        """The standard error of that gain."""
        kind = self.metric.partition("_")[2]
        return noise(kind, [(b, a) for _, b, a in self.pairs], self.rows) if self.pairs else 0.0

    @property
    def exit_code(self) -> int:
        """0: cured, improved or healthy; 4: nothing helped; 130: stopped by the user, even if something helped."""
        if self.stopped == "interrupted":
            return 130
        return 4 if self.state in ("nothing helped", "no prescription") else 0

    def config(self) -> dict[str, Any]:
        """The resolved config with the patch applied."""
        return resolved(read_config(RunFolder(self.folder).config), self.patch)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "run": self.run,
            "folder": str(self.folder),
            "state": self.state,
            "exit_code": self.exit_code,
            "metric": self.metric,
            "patch": dict(self.patch),
            "credits": list(self.credits),
            "seeds": [{"seed": seed, "before": before, "after": after} for seed, before, after in self.pairs],
            "gain": self.gain,
            "standard_error": self.error,
            "found": [d.as_dict() for d in self.found],
            "left": [d.as_dict() for d in self.left],
            "reruns": self.reruns,
            "seconds": self.seconds,
            "stopped": self.stopped or None,
            "trials": [trial.as_dict() for trial in self.trials],
        }


def fix(
    run: Path | str,
    *,
    runs: Path = Path("runs"),
    budget: Budget | None = None,
    callbacks: Sequence[Callback] = (),
    tell: Callable[[Trial], None] = lambda trial: None,
) -> Fixed:
    """Try the suggestions of a run's findings. The trials are in its folder, `fixes/fix-N`, and are never repeated.

    Raises UserError if the run is still training, was not trained by trainlab, its data are gone, or another `fix` of
    it is running.
    """
    began = perf_counter()
    folder = RunFolder.open(run, runs)
    document = read(folder.config, own=True)
    raw, status = read_config(folder.config), read_status(folder.status)
    if seen_state(status) == "running":
        raise UserError(f"{folder.path}: this run is still training; wait until it ends, or stop it")
    setup = build(document)
    score = score_of(setup)
    if score.measured and raw["train"]["best"] == AUTO:  # also where a patch changes what decides
        raw = {**raw, "train": {**raw["train"], "best": score.metric}}
    fixes = folder.path / "fixes"
    fixes.mkdir(exist_ok=True)
    with locked(fixes):
        share = _share(status, document.value.train.epochs, setup.config.batch_size, len(setup.t_train))
        trials = Trials(raw, fixes, score.metric, budget or Budget(), share, callbacks, tell)
        if share == 1 and _comparable(folder, status, setup.parts.fingerprint):
            trials.add(read_trial(folder.path, {}, document.value.seed, score.metric))
        search = Search(trials, raw, document.value.seed, score.rows, score.chance)
        return _fixed(search, search.pairs(), folder, perf_counter() - began)


def _comparable(folder: RunFolder, status: Status, fingerprint: str) -> bool:
    """Whether the run itself can serve as the unpatched trial: it ended, on the same data, with this trainlab."""
    made = read_environment(folder.environment)
    return (
        status.state in ENDED and made.get("trainlab") == trainlab.__version__ and data_fingerprint(made) == fingerprint
    )


def _share(status: Status, epochs: int, batch: int, rows: int) -> float:
    """The share of its epochs that a trial runs: all, unless that takes minutes."""
    if not status.step:
        return 1.0
    whole = status.seconds / status.step * epochs * steps_per_epoch(rows, batch)
    return 1.0 if whole <= _LONG else min(1.0, max(_LONG / whole, _LEAST_EPOCHS / max(1, epochs)))


def _fixed(search: Search, pairs: Sequence[tuple[int, float, float]], folder: RunFolder, seconds: float) -> Fixed:
    """The result of a search that is over."""
    first, best, trials = search.first, search.best, search.trials
    helped = best is not None and bool(best.patch) and search.is_significant(pairs)
    if not helped:
        best = first
    found = tuple(first.warnings) if first else ()
    left = tuple(best.warnings) if best else ()
    patch: Patch = best.patch if helped and best else {}
    codes = dict.fromkeys(one.code for one in search.credits if one.code and set(one.patch) & set(patch))
    return Fixed(
        folder.name,
        folder.path,
        _state(search, helped=helped, found=found, left=left),
        trials.metric,
        patch,
        tuple(codes),
        tuple(pairs) if helped else (),
        found,
        left,
        tuple(trials.done),
        trials.ran,
        search.rows,
        seconds,
        search.stopped,
    )


def _state(search: Search, *, helped: bool, found: Sequence[Finding], left: Sequence[Finding]) -> State:
    if search.first is None:
        return "interrupted"
    if helped:
        return "improved" if left else "cured"
    if not found:
        return "healthy"
    if not suggestions(found, search.raw):
        return "no prescription"
    return "interrupted" if search.stopped == "interrupted" else "nothing helped"
