"""One session of a tune: goes through all steps, and does those that no earlier session has done."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trainlab.core.component import plain
from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors.limits import Limits
from trainlab.search.experiment import read_plain
from trainlab.search.sweep import open_executor
from trainlab.tuning import rounds, story, winner
from trainlab.tuning.budget import Budget
from trainlab.tuning.clock import Clock
from trainlab.tuning.decide import Result, expected_gain
from trainlab.tuning.journal import Journal, Step
from trainlab.tuning.plan import CANDIDATES, SPREAD_SEEDS, Plan, full_epochs
from trainlab.tuning.seeds import SeedRun, train_runs
from trainlab.tuning.start import checked, first_trials, rate_range, with_rates

_CLOSING = 2.0  # seconds, start and end of the process included
_COARSE_TIME = 0.3  # share of a time after which no trial of the first round begins
_SPARE = 1.2  # times: the time that is put aside for the runs that confirm the winner, over what they should take
_ROUNDS_TO_JUDGE = (
    2  # whether more trials pay is seen after two rounds of full ones: the search still learns in the first
)
_OTHERS = -1  # in the place of the epochs of an earlier sweep: they are not those of this tune


class StopTuneError(Exception):
    """The user has asked to stop."""


class FailedCheckError(Exception):
    """The check has found an error that the search cannot remove."""


class Session:
    """A session of a tune in a folder, with its journal.

    shown: shows the sweeps · workers: trials at once · tell: is told of each step when it is done.
    """

    def __init__(
        self, folder: Path, journal: Journal, shown: SweepCallback, workers: int, tell: Callable[[Step], None]
    ) -> None:
        self.folder, self.journal, self.workers, self._tell = folder, journal, workers, tell
        self.clock = Clock(shown, lambda: journal.seconds, journal.tick)
        self.asked = journal.steps["plan"]
        self.config: dict[str, Any] = dict(self.asked["config"])
        self.metric: str = self.asked["metric"]
        self.budget = Budget(self.asked["budget"]["amount"], self.asked["budget"]["unit"])

    def run(self) -> Step:
        """Do all steps that are left; the last one. Raises StopTuneError or FailedCheckError."""
        base, space = self.asked["epochs"], dict(self.asked["space"])
        check = self._once("check", lambda: checked(self.config, list(space), cure=self.asked["fix"]))
        if check["failed"]:
            raise FailedCheckError
        if check["patch"]:
            self.config = _cured(self.config, check["patch"])
            space = {path: found for path, found in space.items() if path not in check["patch"]}
        own = read_plain(self.config).value
        rules = space.get("optimizer.name", {}).get("choice", [own.optimizer.name])
        rates = self._once("range", lambda: rate_range(self.config, rules, space, check["train_rows"]))
        space = with_rates(space, rates["range"], declared=not self.asked["auto"])
        beside = self._once("baselines", lambda: winner.baselines_of(self.config))
        divided = self._once("budget", lambda: self._divided(base, rates["pace"]))
        plan = Plan(self.budget, int(divided["epochs"]))
        best = self._search(plan, space, base)
        runs = self._candidates(best, plan)
        confirmed = self._once("confirm", lambda: self._confirmed(runs))
        self._once("test", lambda: winner.tested(self.folder, confirmed, beside, self.metric))
        return self._once("end", lambda: winner.end(self.folder, self.journal.steps))

    def _once(self, name: str, do: Callable[[], Mapping[str, Any]]) -> Step:
        """The result of a step, with its texts."""
        return self.journal.once(name, lambda: story.told(name, do(), self.journal.steps), self._tell)

    # ------------------------------------------------------------------ the budget

    def _divided(self, base: int, pace: float) -> dict[str, Any]:
        """The epochs of a full trial. pace: seconds of an epoch, as the range test suggests."""
        whole = self.budget.amount
        if self.budget.unit == "seconds":
            whole = max(0.0, whole - self.journal.seconds) * self.workers / max(pace, 1e-6)
        epochs = full_epochs(self.budget, whole, base)
        plan = Plan(self.budget, epochs)
        return {"epochs": epochs, "base": base, "coarse": plan.coarse_epochs, "seeds": plan.seeds(whole)}

    def _used(self) -> float:
        """What all recorded steps have cost, in epochs or trials."""
        key = "runs" if self.budget.unit == "trials" else "epochs_trained"
        return sum(step.get("cost", {}).get(key, 0) for step in self.journal.steps.values())

    def _whole(self) -> float:
        """The budget in epochs or trials; a time at the pace of all that was trained so far."""
        if self.budget.unit != "seconds":
            return self.budget.amount
        return self._used() + max(0.0, self.budget.amount - self.journal.seconds) / self._pace()

    def _pace(self) -> float:
        """Seconds of the tune for each epoch that was trained, with all workers together."""
        costs = [step["cost"] for step in self.journal.steps.values() if "cost" in step]
        epochs = sum(cost["epochs_trained"] for cost in costs)
        if not epochs:
            return max(1e-6, float(self.journal.steps["range"]["pace"]) / self.workers)
        return max(1e-6, sum(cost["took"] for cost in costs) / epochs)

    def _end(self) -> float:
        """The seconds at which training ends; the rest of a time is for scoring the test rows and for the page."""
        if self.budget.unit != "seconds":
            return float("inf")
        return self.budget.amount - min(_CLOSING, 0.1 * self.budget.amount)

    # ------------------------------------------------------------------ the search

    def _search(self, plan: Plan, space: dict[str, Any], base: int) -> list[Result]:
        """All rounds; their results in order of the score, those of full trials if there are any."""
        epochs, number = plan.coarse_epochs, 0
        while True:
            found = self._once(
                f"search-{number + 1}",
                lambda: self._round(plan, number, space, epochs),  # noqa: B023 - called at once
            )
            number += 1
            if self._may_end(plan, number, epochs):
                self._once("spread", lambda: self._spread(rounds.results(self.journal.steps, self.metric)))
            move = self._once(
                f"decide-{number}",
                lambda: self._decided(plan, number, space, epochs, base),  # noqa: B023 - called at once
            )
            if move["stop"] or not found["trials"]:
                return rounds.results(self.journal.steps, self.metric)
            space, epochs = dict(move["space"]), int(move["epochs"])

    def _round(self, plan: Plan, number: int, space: Mapping[str, Any], epochs: int) -> dict[str, Any]:
        """A round of trials: a sweep of its own, which starts from the rounds before it."""
        end = self._end()
        runs = CANDIDATES * (plan.seeds(self._whole()) - 1)
        reserve = _SPARE * self._pace() * runs * plan.epochs
        soft = _COARSE_TIME * end if not number else end - reserve
        self.clock.until(soft, end)
        whole = self._whole()
        trials = plan.full_trials(whole, self._used(), epochs, number) if number else plan.coarse_trials(whole)
        config = {**self.config, "train": {**self.config["train"], "epochs": epochs}}
        block = {"metric": self.metric, "space": dict(space), "strategy": self.asked["strategy"], "trials": trials}
        block |= self.asked.get("kept", {})
        block["first"] = self._first(number, space)
        folder = self.folder / f"search-{number + 1}"
        names = [f"search-{i + 1}" for i in range(number)]
        earlier = [(self.folder / name, int(self.journal.steps[name]["epochs"])) for name in names]
        if self.asked["prior"]:
            earlier.append((Path(self.asked["prior"]), _OTHERS))
        found = rounds.trained(folder, config, block, earlier, self.workers, self.clock)
        if self.clock.stopped:
            raise StopTuneError
        found["cost"]["took"] = round(self.journal.seconds - self.journal.last, 3)
        return found

    def _may_end(self, plan: Plan, number: int, epochs: int) -> bool:
        """Whether the tune may end early after this round: two of full trials are over, and the budget allows another
        one after the runs that tell the spread.
        """
        if number <= _ROUNDS_TO_JUDGE or not rounds.results(self.journal.steps, self.metric):
            return False
        return plan.full_trials(self._whole(), self._used() + plan.cost(SPREAD_SEEDS, epochs), epochs, number) > 0

    def _first(self, number: int, space: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The first trials of a round: what the range tests suggest; then the best of the short ones at full length."""
        if not number:
            tested = first_trials(space, self.journal.steps["range"]["tests"]) if self.asked["auto"] else []
            return [*self.asked.get("first", []), *tested]
        results = rounds.results(self.journal.steps, self.metric)
        return [{path: v for path, v in results[0].values.items() if path in space}] if number == 1 and results else []

    def _spread(self, results: Sequence[Result]) -> dict[str, Any]:
        """The best trial with further seeds: what a difference of two scores may be by chance."""
        runs = winner.seed_runs(self.folder, results[0], 1 + SPREAD_SEEDS)
        cost = self._trained(runs)
        scores = winner.scores(runs, self.metric)
        return {"trial": results[0].trial, "scores": scores, "spread": winner.deviation(scores), "cost": cost}

    def _decided(self, plan: Plan, number: int, space: Mapping[str, Any], epochs: int, base: int) -> dict[str, Any]:
        """What the next round is to be, or why there is none."""
        steps, results = self.journal.steps, rounds.results(self.journal.steps, self.metric)
        wider = steps[f"search-{number}"]["wider"]
        move = rounds.after(number, results, space, plan.epochs if number == 1 else epochs, base, wider)
        whole, used = self._whole(), self._used()
        trials = plan.full_trials(whole, used, move.epochs, number)
        if not trials and move.epochs > epochs and number > 1:  # longer trials do not fit: as many as before do
            move = rounds.shorter(move, epochs)
            trials = plan.full_trials(whole, used, move.epochs, number)
        stop, gain, left = "", None, max(0.0, whole - used - plan.reserve(whole, move.epochs))
        if not results:
            stop = "no trial has finished"
        elif not trials:
            stop = "the rest of the budget is for the runs that confirm the winner"
        elif "spread" in steps and not move.reasons:
            possible = int(left / plan.cost(1, move.epochs))
            last = [r.score for r in results if r.trial.startswith(f"search-{number}/")]
            best = rounds.without_luck(results[0].score, steps["spread"]["scores"], self.metric)
            gain = expected_gain(last, possible, self.metric, best) if len(last) > 2 else None
            spread = steps["spread"]["spread"]
            if gain is not None and spread is not None and gain < spread:
                stop = "more trials no longer pay"
        rest = left * self._pace() if self.budget.unit != "trials" else left * self._pace() * move.epochs
        return {
            "space": move.space,
            "epochs": move.epochs,
            "reasons": list(move.reasons),
            "stop": stop,
            "gain": gain,
            "left": {"units": left, "seconds": round(rest, 1)} if gain is not None and stop else None,
        }

    # ------------------------------------------------------------------ the winner

    def _candidates(self, results: Sequence[Result], plan: Plan) -> list[tuple[Result, list[SeedRun]]]:
        """The best trials, each with the runs that confirm it; in a time as many as fit into what is left of it."""
        seeds, count = plan.seeds(self._whole()), min(CANDIDATES, len(results))
        if self.budget.unit == "seconds" and "confirm" not in self.journal.steps and results:
            left = self._end() - self.journal.seconds
            possible = int(left / (_SPARE * self._pace() * max(result.epochs for result in results[:count])))
            count = max(1, min(count, possible))
            seeds = max(1, min(seeds, 1 + possible // count))
        return [(result, winner.seed_runs(self.folder, result, seeds)) for result in results[:count]]

    def _confirmed(self, candidates: Sequence[tuple[Result, list[SeedRun]]]) -> dict[str, Any]:
        """The candidates compared over seeds."""
        cost = self._trained([run for _, runs in candidates for run in runs])
        return winner.compared(self.folder, candidates, self.metric) | {"cost": cost}

    def _trained(self, runs: Sequence[SeedRun]) -> dict[str, Any]:
        """Train runs that have not ended; what they cost."""
        self.clock.until(float("inf"), self._end())
        known, limits = self._counted_runs(), Limits(**self.asked.get("kept", {}).get("limits", {}))
        with open_executor(self.folder, limits, self.workers, None, fresh=False) as executor:
            train_runs(runs, executor, self.clock)
        if self.clock.stopped:
            raise StopTuneError
        new = {name: run for run in runs if (name := str(run.folder.relative_to(self.folder))) not in known}
        new = {name: run for name, run in new.items() if not name.startswith("search-")}  # counted with their round
        epochs = sum(winner.epochs_of(run) for run in new.values())
        took = round(self.journal.seconds - self.journal.last, 3)
        return {"runs": len(new), "epochs_trained": epochs, "took": took, "folders": list(new)}

    def _counted_runs(self) -> set[str]:
        """The runs of further seeds whose cost is counted already."""
        costs = (step.get("cost", {}) for step in self.journal.steps.values())
        return {folder for cost in costs for folder in cost.get("folders", ())}


def _cured(config: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The config with a patch, every default written out."""
    made: dict[str, Any] = plain(read_plain(config, patch).value)
    return {key: value for key, value in made.items() if key != "sweep"}
