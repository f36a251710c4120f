"""Cures a sick run: its prescriptions tried as real runs, one after the other, and only what helped is kept.

    diagnose --> patch --> short run --> better? keep, and diagnose again --> drop the parts that did not matter
             --> more seeds, if one is not enough to tell --> the smallest patch, or the news that nothing helped

Patched and unpatched runs have the same seeds. Better means: the validation score rose by more than chance explains.
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
from trainlab.store.folder import RunFolder
from trainlab.store.lock import locked
from trainlab.store.plain_yaml import read_config
from trainlab.store.status import Status, read_status, seen_state
from trainlab.store.strict_json import loads
from trainlab.tools.fix.budget import Budget
from trainlab.tools.fix.gain import bounded, hopeless, mean_gain, measurable, noise
from trainlab.tools.fix.prescription import Patch, Prescription, alarms, joined, prescriptions, resolved
from trainlab.tools.fix.trial import ENDED, StopError, Trial, Trials, read_trial
from trainlab.training.callbacks import Callback
from trainlab.training.experiment import read
from trainlab.training.setup import build

State = Literal["healthy", "cured", "improved", "nothing helped", "no prescription", "interrupted"]
SEEDS = 3  # at most, where one does not tell
_LONG = 120.0  # seconds: a run that took longer is tried in shorter ones
_LEAST_EPOCHS = 5
_STILL_FALLING = ("not-converged",)  # advice that is followed once nothing worse is left
_POLISHES = 2
_DETOURS = 2  # how often a patch that did not help is followed up, because it changed what is wrong


@dataclass(frozen=True, slots=True)
class Fixed:
    """What came of it.

    cured: measurably better, and no alarm is left · improved: better, but something is left · pairs: scores without
    and with the patch, by seed · credits: the codes whose prescriptions are in it · left: alarms of the best run.
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
        """Mean gain over the seeds."""
        return mean_gain([(b, a) for _, b, a in self.pairs]) if self.pairs else 0.0

    @property
    def error(self) -> float:
        """Standard error of that gain."""
        kind = self.metric.partition("_")[2]
        return noise(kind, [(b, a) for _, b, a in self.pairs], self.rows) if self.pairs else 0.0

    @property
    def exit_code(self) -> int:
        """0: cured, improved or healthy; 4: nothing helped; 130: somebody stopped it, even if something helped."""
        if self.stopped == "interrupted":
            return 130
        return 4 if self.state in ("nothing helped", "no prescription") else 0

    def config(self) -> dict[str, Any]:
        """The resolved config with the patch in it."""
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
    """Try the prescriptions of a run. Its trials lie in its folder, `fixes/fix-N`, and are not repeated.

    Raises UserError if the run is still training or was not trained here, its data are gone, or another process
    fixes it.
    """
    began = perf_counter()
    folder = RunFolder.open(run, runs)
    raw, status = read_config(folder.config), read_status(folder.status)
    if raw.get("kind") == "watched":
        raise UserError(
            f"{folder.path}: this run was trained by a loop of its own, which fix cannot run again; "
            f"`trainlab report {folder.name}` tells what is prescribed"
        )
    document = read(folder.config)
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
        if share == 1 and _today(folder, status, setup.parts.fingerprint):
            trials.add(read_trial(folder.path, {}, document.value.seed, metric))
        search = _Search(trials, raw, document.value.seed, len(measured), setup.parts.majority)
        return search.result(folder, began)


def _today(folder: RunFolder, status: Status, fingerprint: str) -> bool:
    """Whether the run itself can stand for the unpatched one: it ended, on these data, with this trainlab."""
    if status.state not in ENDED or not folder.environment.exists():
        return False
    made: Mapping[str, Any] = loads(folder.environment.read_bytes())
    data: Mapping[str, Any] = made.get("data") or {}
    return made.get("trainlab") == trainlab.__version__ and data.get("fingerprint") == fingerprint


def _share(status: Status, epochs: int, batch: int, rows: int) -> float:
    """Which share of its epochs a trial runs: all of them, unless that takes minutes."""
    if not status.step:
        return 1.0
    whole = status.seconds / status.step * epochs * steps_per_epoch(rows, batch)
    return 1.0 if whole <= _LONG else min(1.0, max(_LONG / whole, _LEAST_EPOCHS / max(1, epochs)))


@dataclass
class _Search:
    """The search for one run's cure."""

    trials: Trials
    raw: Mapping[str, Any]
    seed: int
    rows: int
    chance: float
    stopped: str = ""
    credits: list[Prescription] = field(default_factory=list[Prescription])
    first: Trial | None = None
    best: Trial | None = None
    _followed: list[Trial] = field(default_factory=list[Trial])

    def result(self, folder: RunFolder, began: float) -> Fixed:
        """Search, and say what came of it."""
        pairs: list[tuple[int, float, float]] = []
        try:
            self._look()
            if self._better():
                self._minimize()
                pairs = self._pairs()
        except StopError as reason:
            self.stopped = str(reason)
            if self._better() and not pairs:
                pairs = [self._pair(self.seed)]
        return self._said(folder, pairs, perf_counter() - began)

    def _said(self, folder: RunFolder, pairs: list[tuple[int, float, float]], seconds: float) -> Fixed:
        first, best = self.first, self.best
        helped = best is not None and self._measurable(pairs)
        if not helped:
            best = first
        found = tuple(first.alarms) if first else ()
        left = tuple(best.alarms) if best else ()
        state: State
        if first is None:
            state = "interrupted"
        elif not found:
            state = "healthy"
        elif helped:
            state = "improved" if left else "cured"
        elif not prescriptions(found, self.raw):
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

    def _look(self) -> None:
        """Follow the prescriptions from the unpatched run on, as far as they lead to something better.

        A patch that takes a cause away may uncover the next one without helping yet: such detours are followed, too.
        """
        self.first = self.best = self.trials.run({}, self.seed)
        path, detours = [self.first], 0
        while path and path[-1].alarms:
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
        """The first prescription that makes it better; or, if detours are allowed, one that uncovers another cause.

        One that leaves nothing to complain about is better if the score seems to gain, and, where no other is, if it
        takes no harm: more seeds will tell.
        """
        best = self.best or here
        clean: Trial | None = None
        for one in prescriptions(here.diagnoses, resolved(self.raw, here.patch)):
            trial = self._tried(one, here)
            if trial is None:
                continue
            if self._beats(trial, best):
                return trial, None
            if trial.state != "finished" or trial in self._followed:
                continue
            if not trial.alarms:
                if self._gains(trial, best, 0.5):
                    return trial, None
                clean = clean or (trial if self._gains(trial, best, -1.0) else None)
            elif (
                detour and 2 * len(trial.alarms) <= len(here.alarms) and one.code not in {d.code for d in trial.alarms}
            ):
                return clean, trial
        return clean, None

    def _polish(self) -> None:
        """If the cured run was still falling when it ended, what it says of that, as long as it measurably helps."""
        here = self.best
        for _ in range(_POLISHES):
            if here is None or not here.patch or here.alarms:
                return
            advice = [replace(d, severity="warning") for d in here.diagnoses if d.code in _STILL_FALLING]
            tried = (self._tried(one, here) for one in prescriptions(advice, resolved(self.raw, here.patch)))
            better = (t for t in tried if t is not None and not t.alarms and self._gains(t, here, 2.0))
            here = next(better, None)
            self.best = here or self.best

    def _tried(self, one: Prescription, here: Trial) -> Trial | None:
        """The trial of one more prescription; None if it cannot be run, or is the one that we have."""
        trial = self.trials.run(joined(here.patch, one.patch), self.seed)
        if trial.refused or trial is here:
            return None
        self.credits.append(one)
        return trial

    def _beats(self, trial: Trial, here: Trial) -> bool:
        return measurable(trial.kind, [(here.score, trial.score)], self.rows)

    def _gains(self, trial: Trial, here: Trial, errors: float) -> bool:
        """Whether the gain is more than so many standard errors."""
        pair = [(here.score, trial.score)]
        return mean_gain(pair) > errors * noise(trial.kind, pair, self.rows)

    def _better(self) -> bool:
        return self.best is not None and bool(self.best.patch)

    def _minimize(self) -> None:
        """Drop the parts of the patch without which it is as good."""
        for key in list(self.best.patch if self.best else ()):
            best = self.best
            if best is None or len(best.patch) < 2:
                return
            rest = {k: v for k, v in best.patch.items() if k != key}
            trial = self.trials.run(rest, self.seed)
            loss = best.score - trial.score
            allowed = noise(best.kind, [(best.score, trial.score)], self.rows) / 2
            if not trial.refused and len(trial.alarms) <= len(best.alarms) and loss <= max(0.0, allowed):
                self.best = trial

    def _pairs(self) -> list[tuple[int, float, float]]:
        """Scores without and with the patch, over as many seeds as it takes to tell them apart.

        One may do if nothing is left to complain about; what only made it better must do so twice.
        """
        pairs = [self._pair(self.seed)]
        least = 2 if self.best and self.best.alarms else 1
        for more in range(1, SEEDS):
            scores = [(b, a) for _, b, a in pairs]
            sure = len(pairs) >= least and self._measurable(pairs)
            if sure or hopeless(self._kind, scores, self.rows):
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

    def _measurable(self, pairs: Sequence[tuple[int, float, float]]) -> bool:
        """Whether the gain is no chance, and what it led to is better than knowing nothing."""
        scores = [(b, a) for _, b, a in pairs]
        knows = bool(pairs) and sum(a for _, a in scores) / len(scores) > self.chance
        return knows and measurable(self._kind, scores, self.rows)

    @property
    def _kind(self) -> str:
        return self.trials.metric.partition("_")[2]


def unprescribed(found: Sequence[Finding]) -> list[Finding]:
    """The alarms that no change of the config can cure: they have advice, but no patch."""
    return [d for d in alarms(found) if not d.patches]
