"""`fix` tries each suggested patch in a real run with the same seed and keeps what measurably helps.

    findings --> patch --> run --> better? keep it, and use the new findings --> drop parts without effect
             --> more seeds, if one is not enough --> the smallest patch, or the result that nothing helped

Better means: the validation score rose by more than chance explains.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from trainlab.tools.fix.significance import bounded, is_hopeless, is_significant, mean_gain, noise
from trainlab.tools.fix.suggestion import Patch, Suggestion, joined, resolved, suggestions
from trainlab.tools.fix.trial import ENDED, StopError, Trial, Trials, read_trial
from trainlab.training.callbacks import Callback
from trainlab.training.experiment import read
from trainlab.training.setup import build

State = Literal["healthy", "cured", "improved", "nothing helped", "no prescription", "interrupted"]
SEEDS = 3  # at most, where one is not enough
_LONG = 120.0  # seconds: trials of a longer run have fewer epochs
_LEAST_EPOCHS = 5
_STILL_FALLING = ("not-converged",)  # advice that is tried once no warning is left
_POLISHES = 2
_DETOURS = 2  # how often a patch is pursued that did not help yet but removed findings


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
    document = read(folder.config)
    raw, status = read_config(folder.config), read_status(folder.status)
    if seen_state(status) == "running":
        raise UserError(f"{folder.path}: this run is still training; wait until it ends, or stop it")
    setup = build(document)
    measured = setup.parts.val or setup.parts.train
    part = "val" if setup.parts.val is not None else "train"
    metric = f"{part}_{'r2' if setup.parts.task.kind == 'regression' else 'accuracy'}"
    fixes = folder.path / "fixes"
    fixes.mkdir(exist_ok=True)
    with locked(fixes):
        share = _share(status, document.value.train.epochs, setup.config.batch_size, len(setup.t_train))
        trials = Trials(raw, fixes, metric, budget or Budget(), share, callbacks, tell)
        if share == 1 and _comparable(folder, status, setup.parts.fingerprint):
            trials.add(read_trial(folder.path, {}, document.value.seed, metric))
        search = _Search(trials, raw, document.value.seed, len(measured), setup.parts.majority)
        return search.result(folder, began)


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


@dataclass
class _Search:
    """The search for a patch that helps one run."""

    trials: Trials
    raw: Mapping[str, Any]
    seed: int
    rows: int
    chance: float
    stopped: str = ""
    credits: list[Suggestion] = field(default_factory=list[Suggestion])
    first: Trial | None = None
    best: Trial | None = None
    _followed: list[Trial] = field(default_factory=list[Trial])

    def result(self, folder: RunFolder, began: float) -> Fixed:
        """Search, and return the result."""
        pairs: list[tuple[int, float, float]] = []
        try:
            self._search()
            if self._better():
                self._minimize()
                pairs = self._pairs()
        except StopError as reason:
            self.stopped = str(reason)
            if self._better() and not pairs:
                pairs = [self._pair(self.seed)]
        return self._result(folder, pairs, perf_counter() - began)

    def _result(self, folder: RunFolder, pairs: list[tuple[int, float, float]], seconds: float) -> Fixed:
        first, best = self.first, self.best
        helped = best is not None and self._is_significant(pairs)
        if not helped:
            best = first
        found = tuple(first.warnings) if first else ()
        left = tuple(best.warnings) if best else ()
        state: State
        if first is None:
            state = "interrupted"
        elif not found:
            state = "healthy"
        elif helped:
            state = "improved" if left else "cured"
        elif not suggestions(found, self.raw):
            state = "no prescription"
        else:
            state = "interrupted" if self.stopped == "interrupted" else "nothing helped"
        patch: Patch = best.patch if helped and best else {}
        codes = dict.fromkeys(one.code for one in self.credits if set(one.patch) & set(patch))
        trials = self.trials
        return Fixed(
            folder.name,
            folder.path,
            state,
            trials.metric,
            patch,
            tuple(codes),
            tuple(pairs) if helped else (),
            found,
            left,
            tuple(trials.done),
            trials.ran,
            self.rows,
            seconds,
            self.stopped,
        )

    def _search(self) -> None:
        """Follow the suggestions from the unpatched run on, as long as they lead to something better.

        A patch that removes one cause may only reveal the next one without helping yet: such detours are followed, too.
        """
        self.first = self.best = self.trials.run({}, self.seed)
        path, detours = [self.first], 0
        while path and path[-1].warnings:
            better, uncovered = self._step(path[-1], detours < _DETOURS)
            if better is not None:
                self.best, path = better, [better]
            elif uncovered is not None:
                path.append(uncovered)
                detours += 1
                self._followed.append(uncovered)
            else:
                path.pop()
        self._polish()

    def _step(self, here: Trial, detour: bool) -> tuple[Trial | None, Trial | None]:
        """The first suggestion that makes it better; or, if detours are allowed, one that reveals another cause.

        A trial without warnings counts as better if its score seems to gain, and, if no other does, if its score does
        not get worse: more seeds will decide.
        """
        best = self.best or here
        clean: Trial | None = None
        for one in suggestions(here.diagnoses, resolved(self.raw, here.patch)):
            trial = self._tried(one, here)
            if trial is None:
                continue
            if self._beats(trial, best):
                return trial, None
            if trial.state != "finished" or trial in self._followed:
                continue
            if not trial.warnings:
                if self._gains(trial, best, 0.5):
                    return trial, None
                clean = clean or (trial if self._gains(trial, best, -1.0) else None)
            elif detour and _reveals(trial, here, one):
                return clean, trial
        return clean, None

    def _polish(self) -> None:
        """If the loss was still falling at the end of the fixed run, try the advice on that while it helps."""
        here = self.best
        for _ in range(_POLISHES):
            if here is None or not here.patch or here.warnings:
                return
            advice = [replace(d, severity="warning") for d in here.diagnoses if d.code in _STILL_FALLING]
            tried = (self._tried(one, here) for one in suggestions(advice, resolved(self.raw, here.patch)))
            better = (t for t in tried if t is not None and not t.warnings and self._gains(t, here, 2.0))
            here = next(better, None)
            self.best = here or self.best

    def _tried(self, one: Suggestion, here: Trial) -> Trial | None:
        """The trial of one more suggestion; None if it cannot run or changes nothing."""
        trial = self.trials.run(joined(here.patch, one.patch), self.seed)
        if trial.refused or trial is here:
            return None
        self.credits.append(one)
        return trial

    def _beats(self, trial: Trial, here: Trial) -> bool:
        return is_significant(trial.kind, [(here.score, trial.score)], self.rows)

    def _gains(self, trial: Trial, here: Trial, errors: float) -> bool:
        """Whether the gain exceeds this many standard errors."""
        pair = [(here.score, trial.score)]
        return mean_gain(pair) > errors * noise(trial.kind, pair, self.rows)

    def _better(self) -> bool:
        return self.best is not None and bool(self.best.patch)

    def _minimize(self) -> None:
        """Drop the parts of the patch without which the score is as good."""
        for key in list(self.best.patch if self.best else ()):
            best = self.best
            if best is None or len(best.patch) < 2:
                return
            rest = {k: v for k, v in best.patch.items() if k != key}
            trial = self.trials.run(rest, self.seed)
            loss = best.score - trial.score
            allowed = noise(best.kind, [(best.score, trial.score)], self.rows) / 2
            if not trial.refused and len(trial.warnings) <= len(best.warnings) and loss <= max(0.0, allowed):
                self.best = trial

    def _pairs(self) -> list[tuple[int, float, float]]:
        """Scores without and with the patch, over as many seeds as it takes to see a difference.

        One seed may be enough if no warning is left; otherwise the gain must appear with two.
        """
        pairs = [self._pair(self.seed)]
        least = 2 if self.best and self.best.warnings else 1
        for more in range(1, SEEDS):
            scores = [(b, a) for _, b, a in pairs]
            sure = len(pairs) >= least and self._is_significant(pairs)
            if sure or is_hopeless(self._kind, scores, self.rows):
                break
            try:
                pairs.append(self._pair(self.seed + more))
            except StopError as reason:
                self.stopped = str(reason)
                break
        return pairs

    def _pair(self, seed: int) -> tuple[int, float, float]:
        patch: Patch = self.best.patch if self.best else {}
        before, after = self.trials.run({}, seed), self.trials.run(patch, seed)
        return seed, bounded(self._kind, before.score), bounded(self._kind, after.score)

    def _is_significant(self, pairs: Sequence[tuple[int, float, float]]) -> bool:
        """Whether the gain exceeds chance, and the new score is better than that of always predicting one class."""
        scores = [(b, a) for _, b, a in pairs]
        learned = bool(pairs) and sum(a for _, a in scores) / len(scores) > self.chance
        return learned and is_significant(self._kind, scores, self.rows)

    @property
    def _kind(self) -> str:
        return self.trials.metric.partition("_")[2]


def _reveals(trial: Trial, here: Trial, one: Suggestion) -> bool:
    """Whether the suggestion removed its own finding and at least half of the warnings, so that other causes show."""
    codes = {finding.code for finding in trial.warnings}
    return 2 * len(trial.warnings) <= len(here.warnings) and one.code not in codes
