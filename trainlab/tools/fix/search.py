"""The order in which `fix` tries patches.

    the first patches of all causes together --> one by one, as long as something gets better
        --> what is still falling goes on --> the likeliest patches, if nothing helped or nothing was found
        --> drop the parts without effect --> more seeds, if one is not enough

A patch that removes one cause may only reveal the next one without helping yet; two such detours are followed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from trainlab.tools.fix.likely import likely
from trainlab.tools.fix.significance import bounded, is_hopeless, is_significant, mean_gain, noise
from trainlab.tools.fix.suggestion import Patch, Suggestion, joined, resolved, suggestions, together
from trainlab.tools.fix.trial import StopError, Trial, Trials

SEEDS = 3  # at most, where one is not enough
ENOUGH = 6  # runs after which patches are tried no longer that no finding suggests
_STILL_FALLING = ("not-converged",)  # advice that is tried once no warning is left
_DETOURS = 2  # how often a patch is pursued that did not help yet but removed findings
_DROPS = 2  # runs that look for parts without effect


@dataclass
class Search:
    """The search for a patch that helps one run.

    raw: the run's config · rows: that the score is measured on · chance: the score of always predicting one class ·
    credits: the suggestions that were tried, in order · first, best: the unpatched trial and the best one.
    """

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

    def pairs(self) -> Sequence[tuple[int, float, float]]:
        """Search; the scores without and with the best patch, by seed. None if no patch is better."""
        pairs: list[tuple[int, float, float]] = []
        try:
            self._search()
        except StopError as reason:
            self.stopped = str(reason)
        try:
            if self._better():
                if not self.stopped:
                    self._minimize()
                pairs = self._compared()
        except StopError as reason:
            self.stopped = str(reason)
            if not pairs:
                pairs = [self._pair(self.seed)]
        return pairs

    def is_significant(self, pairs: Sequence[tuple[int, float, float]]) -> bool:
        """Whether the gain exceeds chance, and the new score is better than that of always predicting one class."""
        scores = [(b, a) for _, b, a in pairs]
        learned = bool(pairs) and sum(a for _, a in scores) / len(scores) > self.chance
        return learned and is_significant(self._kind, scores, self.rows)

    def _search(self) -> None:
        self.first = self.best = self.trials.run({}, self.seed)
        if self.first.warnings:
            self._one_by_one(self._all_at_once(self.first))
        self._go_on()
        beyond_config = any(not (found.patches or found.because) for found in self.first.warnings)
        if not beyond_config and (self.best.warnings or not self._better()):
            self._try_likely()

    def _all_at_once(self, first: Trial) -> Trial | None:
        """The first patches of all causes in one run: each alone may not help.

        Returns the trial if it is no better, but its causes are gone, so that what is left may be another one.
        """
        parts = together(first.diagnoses, resolved(self.raw))
        if len(parts) < 2:
            return None
        trial = self.trials.run(reduce(joined, (one.patch for one in parts)), self.seed)
        if trial.refused:
            return None
        self.credits += parts
        if self._is_step_up(trial, first):
            self.best = trial
            return None
        left = {finding.code for finding in trial.warnings}
        return trial if trial.state == "finished" and not left & {one.code for one in parts} else None

    def _one_by_one(self, detour: Trial | None) -> None:
        """Follow the suggestions from the best trial on, as long as they lead to something better.

        detour: a trial that has got rid of causes without being better yet; it is followed first.
        """
        path, detours = [self.best or self.trials.run({}, self.seed)], 0
        if detour is not None:
            path.append(detour)
            self._followed.append(detour)
            detours = 1
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

    def _go_on(self) -> None:
        """While the loss of the best trial was still falling at its end, try the advice on that, if it helps."""
        here = self.best
        while here is not None and self.trials.ran < ENOUGH:
            advice = [replace(d, severity="warning") for d in here.diagnoses if d.code in _STILL_FALLING]
            tried = self._tried_from(here, suggestions(advice, resolved(self.raw, here.patch)))
            better = next((t for t in tried if self._is_step_up(t, here, 2.0)), None)
            here = better
            self.best = better or self.best

    def _try_likely(self) -> None:
        """The likeliest patches, whatever was found, until one helps; then the next ones on top of it."""
        here = self.best
        while here is not None and self.trials.ran < ENOUGH and not self._is_perfect(here):
            tried = self._tried_from(here, self._likely(here))
            here = next((t for t in tried if self._is_step_up(t, here, 2.0)), None)
            self.best = here or self.best

    def _likely(self, here: Trial) -> Iterator[Suggestion]:
        raw = resolved(self.raw, here.patch)
        for patch in likely(raw):
            if self.trials.ran >= ENOUGH:
                return
            yield Suggestion(patch, "")

    def _tried_from(self, here: Trial, patches: Sequence[Suggestion] | Iterator[Suggestion]) -> Iterator[Trial]:
        """The trials of these suggestions on top of a trial, those that were tried before left out."""
        for one in patches:
            before = len(self.trials.done)
            trial = self._tried(one, here)
            if trial is not None and len(self.trials.done) > before:
                yield trial

    def _tried(self, one: Suggestion, here: Trial) -> Trial | None:
        """The trial of one more suggestion; None if it cannot run or changes nothing."""
        trial = self.trials.run(joined(here.patch, one.patch), self.seed)
        if trial.refused or trial is here:
            return None
        self.credits.append(one)
        return trial

    def _is_step_up(self, trial: Trial, here: Trial, errors: float = 0.5) -> bool:
        """Whether a trial is clearly better, or seems better and has no warning left."""
        if trial.state != "finished":
            return False
        return self._beats(trial, here) or (not trial.warnings and self._gains(trial, here, errors))

    def _beats(self, trial: Trial, here: Trial) -> bool:
        """Whether a trial is better than chance explains, and better than one that learned nothing."""
        return trial.score > self.chance and is_significant(trial.kind, [(here.score, trial.score)], self.rows)

    def _gains(self, trial: Trial, here: Trial, errors: float) -> bool:
        """Whether the gain exceeds this many standard errors."""
        pair = [(max(here.score, self.chance), max(trial.score, self.chance))]
        return mean_gain(pair) > errors * noise(trial.kind, pair, self.rows)

    def _is_perfect(self, trial: Trial) -> bool:
        """Whether not even a score of 1 would be a measurable gain."""
        return not is_significant(trial.kind, [(trial.score, 1.0)], self.rows)

    def _better(self) -> bool:
        return self.best is not None and bool(self.best.patch)

    def _minimize(self) -> None:
        """Drop parts of the patch without which the score is as good, those that were added last first."""
        ran = self.trials.ran
        for key in reversed(list(self.best.patch if self.best else ())):
            best = self.best
            if best is None or len(best.patch) < 2 or self.trials.ran - ran >= _DROPS:
                return
            rest = {k: v for k, v in best.patch.items() if k != key}
            trial = self.trials.run(rest, self.seed)
            loss = best.score - trial.score
            allowed = noise(best.kind, [(best.score, trial.score)], self.rows) / 2
            if not trial.refused and len(trial.warnings) <= len(best.warnings) and loss <= max(0.0, allowed):
                self.best = trial

    def _compared(self) -> list[tuple[int, float, float]]:
        """Scores without and with the patch, over as many seeds as it takes to see a difference.

        One seed may be enough if no warning is left; otherwise the gain must appear with two.
        """
        pairs = [self._pair(self.seed)]
        least = 2 if self.best and self.best.warnings else 1
        for more in range(1, SEEDS):
            scores = [(b, a) for _, b, a in pairs]
            sure = len(pairs) >= least and self.is_significant(pairs)
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

    @property
    def _kind(self) -> str:
        return self.trials.metric.partition("_")[2]


def _reveals(trial: Trial, here: Trial, one: Suggestion) -> bool:
    """Whether the suggestion removed its own finding and at least half of the warnings, so that other causes show."""
    codes = {finding.code for finding in trial.warnings}
    return 2 * len(trial.warnings) <= len(here.warnings) and one.code not in codes
