"""How a budget is divided: short trials, rounds of full ones, and the runs that confirm the winner."""

from dataclasses import dataclass

from trainlab.tuning.budget import Budget

CANDIDATES = 3
_SEEDS, _MORE_SEEDS, _RICH = 3, 5, 60  # of each candidate, that of the search included; more from so many trials on
_COARSE = 4  # the first trials get this share of the epochs, one of 4,
_COARSE_SHARE, _COARSE_TRIALS = 0.25, 0.35  # and this share of the epochs, or of the trials
_ROUNDS = 3  # of full trials, at most
SPREAD_SEEDS = 2  # further runs of the best trial, before the tune may end early: the spread over seeds
LEAST, _FEWEST = 4, 2  # trials of a round, and of the last one
_ENOUGH = 20  # full trials that the budget should allow; otherwise each one is shorter


@dataclass(frozen=True, slots=True)
class Plan:
    """The budget in its unit, and the epochs of a full trial in the first rounds.

    whole: in epochs, or in trials if that is the budget's unit. A time is a number of epochs at the pace so far.
    """

    budget: Budget
    epochs: int

    def cost(self, trials: int, epochs: int) -> int:
        """What so many runs cost, in the plan's unit."""
        return trials if self.budget.unit == "trials" else trials * epochs

    def seeds(self, whole: float) -> int:
        """How many seeds each candidate has at the end, with that of the search."""
        return _MORE_SEEDS if whole >= self.cost(_RICH, self.epochs) else _SEEDS

    def reserve(self, whole: float, epochs: int) -> int:
        """What the runs that confirm the winner cost."""
        return self.cost(CANDIDATES * (self.seeds(whole) - 1), epochs)

    @property
    def coarse_epochs(self) -> int:
        """The epochs of a trial of the first round."""
        return max(1, round(self.epochs / _COARSE))

    def coarse_trials(self, whole: float) -> int:
        """The trials of the first round."""
        left = whole - self.reserve(whole, self.epochs)
        if self.budget.unit == "trials":
            return max(3, round(_COARSE_TRIALS * left))
        return max(LEAST, int(_COARSE_SHARE * left / self.coarse_epochs))

    def full_trials(self, whole: float, used: float, epochs: int, number: int) -> int:
        """The trials of a round of full ones, counted from 1; 0 if too little is left."""
        left = whole - used - self.reserve(whole, epochs)
        possible = int(left / self.cost(1, epochs))
        share = max(LEAST, -(-possible // max(1, _ROUNDS - number + 1)))
        found = possible if possible - share < LEAST else share
        return found if found >= _FEWEST else 0


def epochs_of(count: int) -> str:
    """A number of epochs in words.

    >>> epochs_of(1), epochs_of(12)
    ('1 epoch', '12 epochs')
    """
    return f"{count} epoch{'s' * (count != 1)}"


def full_epochs(budget: Budget, whole: float, epochs: int) -> int:
    """The epochs of a full trial: those of the config, or fewer if too few trials would fit into the budget."""
    if budget.unit == "trials":
        return epochs
    return max(1, min(epochs, int(whole / _ENOUGH)))


def outline(budget: Budget, epochs: int) -> list[str]:
    """What will be done, a line per step. epochs: of the config."""
    last = "compare the three best over 3 seeds (5 in a large budget)"
    if budget.unit == "seconds":
        rounds = [f"search with trials of {epochs_of(max(1, round(epochs / _COARSE)))} or fewer, for 30 % of the time"]
        rounds.append("up to three rounds of full trials, around what the earlier ones have found")
    else:
        full = full_epochs(budget, budget.amount, epochs)
        plan = Plan(budget, full)
        coarse = plan.coarse_trials(budget.amount)
        used = plan.cost(coarse, plan.coarse_epochs)
        rest = int((budget.amount - used - plan.reserve(budget.amount, full)) / plan.cost(1, full))
        rounds = [f"search with {coarse} trials of {epochs_of(plan.coarse_epochs)}"]
        rounds.append(
            f"up to three rounds of full trials of {epochs_of(full)}, {rest} in all; after each decide what to change"
        )
        last = f"compare the three best over {plan.seeds(budget.amount)} seeds"
    return [
        "check the experiment",
        "find the range of the learning rate",
        "score simpler models on the same rows",
        *rounds,
        last,
        "score the test rows once, for the winner only",
    ]
