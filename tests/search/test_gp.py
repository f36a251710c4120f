"""The strategy `gp`: it finds the optimum of known functions faster than random search, and learns from a prior."""

from statistics import median

import pytest

from trainlab.core.component import make
from trainlab.search.distribution import Distribution
from trainlab.search.strategy import Budget, PastTrial, SampleRequest, Strategy

RANGES = {
    "lr": make(Distribution, "log", range=[1e-5, 1.0]),
    "name": make(Distribution, "choice", options=["adam", "sgd"]),
    "noise": make(Distribution, "uniform", range=[0, 1]),
    "units": make(Distribution, "int", range=[8, 256], log=True),
}


def score(values) -> float:
    """A bowl in the rate and the width; one option is better; one setting does nothing."""
    rate = RANGES["lr"].position(values["lr"]) - 0.6
    width = RANGES["units"].position(values["units"]) - 0.3
    return rate**2 + width**2 + 0.1 * (values["name"] == "sgd")


def play(strategy, trials: int, seed: int, prior=()) -> list[float]:
    """The scores of a sweep in their order."""
    past: list[PastTrial] = []
    for cohort in strategy.cohorts(Budget(trials, 1, prior=len(prior))):
        known = list(past) if cohort.waits else []
        for number in cohort.trials:
            request = SampleRequest(seed, number, trials, RANGES, known, cohort.drawn, prior)
            point = next(iter(strategy.points(request)))
            values = {path: found.at(u) for (path, found), u in zip(RANGES.items(), point, strict=True)}
            past.append(PastTrial(number, values, score(values)))
    return [trial.score for trial in past if trial.score is not None]


def test_it_needs_half_the_trials_of_random_search():
    """With 25 trials it is better than random search with 50."""
    gp = median(min(play(make(Strategy, "gp"), 25, seed)) for seed in range(7))
    assert gp < median(min(play(make(Strategy, "random"), 50, seed)) for seed in range(7))


def test_earlier_trials_replace_the_start():
    """With the trials of an earlier sweep its first trials are already good ones."""
    values = [
        {
            path: found.at((i * k % 12 + 0.5) / 12)
            for k, (path, found) in zip((1, 5, 7, 11), RANGES.items(), strict=True)
        }
        for i in range(12)
    ]
    prior = [PastTrial(i, drawn, score(drawn), alike=1) for i, drawn in enumerate(values)]
    with_prior = median(median(play(make(Strategy, "gp"), 8, seed, prior)) for seed in range(5))
    assert with_prior < 0.5 * median(median(play(make(Strategy, "gp"), 8, seed)) for seed in range(5))


@pytest.mark.parametrize("bad", [1e300, None])
def test_a_trial_without_a_score_is_avoided(bad):
    """Diverged trials at high rates do not keep it from the good ones, and it does not come back to them."""
    strategy, past = make(Strategy, "gp", startup=4), []
    rates = [0.5, 0.8, 1e-3, 3e-3, 1e-4, 0.3]
    for number, lr in enumerate(rates, start=1):
        values = {"lr": lr, "name": "adam", "noise": 0.5, "units": 32}
        past.append(PastTrial(number, values, bad if lr > 0.1 else score(values)))
    request = SampleRequest(0, 7, 8, RANGES, past, range(7, 9))
    assert RANGES["lr"].at(next(iter(strategy.points(request)))[0]) < 0.1


def test_zero_is_one_value():
    """Where a log range has a zero, all draws of 0 are the same trial: it is not tried again."""
    ranges = {"l2": make(Distribution, "log", range=[1e-6, 1e-1], zero=0.6)}
    past = [PastTrial(i, {"l2": value}, value) for i, value in enumerate((0.0, 1e-5, 1e-3, 1e-1), start=1)]
    requests = [SampleRequest(seed, 5, 5, ranges, past, range(5, 6)) for seed in range(5)]
    drawn = [ranges["l2"].at(next(iter(make(Strategy, "gp").points(request)))[0]) for request in requests]
    assert all(value > 0 for value in drawn)
