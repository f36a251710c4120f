"""The division of a budget, and the decisions between rounds."""

import pytest

from trainlab.core.errors import UserError
from trainlab.tuning.budget import Budget
from trainlab.tuning.decide import Result, expected_gain, next_move
from trainlab.tuning.plan import SPREAD_SEEDS, Plan, full_epochs

SPACE = {
    "optimizer.lr": {"log": [1e-4, 1e-1]},
    "model.dropout": {"uniform": [0.0, 0.5]},
    "model.hidden": {"choice": [[64], [128], [128, 128]]},
}


def results(*codes: str) -> list[Result]:
    """Three good trials with these findings."""
    return [Result(f"search-2/{i}", 0.1 * i, 8, codes, {}) for i in range(1, 4)]


@pytest.mark.parametrize("text", ["15-trials", "40-trials", "90-trials", "30-epochs", "200-epochs", "1000-epochs"])
@pytest.mark.parametrize("epochs", [1, 4, 12, 30])
def test_a_division_never_exceeds_the_budget(text, epochs):
    """All rounds and the runs that confirm the winner together cost no more than the budget, and use most of it."""
    budget = Budget.read(text)
    whole = budget.amount
    plan = Plan(budget, full_epochs(budget, whole, epochs))
    used = plan.cost(plan.coarse_trials(whole), plan.coarse_epochs)
    number = 1
    while trials := plan.full_trials(whole, used, plan.epochs, number):
        used += plan.cost(trials, plan.epochs)
        number += 1
        spread = plan.cost(SPREAD_SEEDS, plan.epochs)
        if number == 3 and plan.full_trials(whole, used + spread, plan.epochs, number):
            used += spread
    used += plan.reserve(whole, plan.epochs)
    assert used <= whole
    assert used > whole - 3 * plan.cost(1, plan.epochs)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("40", "--budget 40: expected a time (90s, 10m, 1h), epochs (200-epochs) or trials (40-trials)"),
        ("14-trials", "--budget 14-trials: expected at least 15-trials: six of them confirm the winner"),
        ("0.5s", "--budget 0.5s: expected a time of at least one second, such as 10m"),
        (
            f"{10**10}-trials",
            f"--budget {10**10}-trials: expected a time (90s, 10m, 1h), epochs (200-epochs) or trials (40-trials)",
        ),
    ],
)
def test_a_wrong_budget_is_refused(text, said):
    """What cannot be read, or is too little to search and confirm, is an error that says what to write."""
    with pytest.raises(UserError) as error:
        Budget.read(text)
    assert str(error.value) == said


def test_curves_decide_the_next_round():
    """Still improving: longer. A gap: regularization, and no large network. Underfitting: capacity. An edge: wider."""
    longer = next_move(results("not-converged"), SPACE, 8, 8, {})
    assert (longer.epochs, longer.space) == (16, SPACE)
    gap = next_move(results("overfitting"), SPACE, 8, 8, {})
    assert gap.space["model.dropout"] == {"uniform": [0.1, 0.7]}
    assert gap.space["model.hidden"] == {"choice": [[64], [128]]}
    under = next_move(results("underfitting"), SPACE, 8, 8, {})
    assert under.space["model.hidden"]["choice"][-1] == [256, 256]
    assert under.space["model.dropout"] == {"uniform": [0.0, 0.2]}
    edge = next_move(results(), SPACE, 8, 8, {"optimizer.lr": {"log": [1e-2, 1.0]}})
    assert edge.space["optimizer.lr"] == {"log": [1e-4, 1.0]}
    batch = {"train.batch_size": {"int": [16, 256], "log": True}}
    whole = next_move(results(), batch, 8, 8, {"train.batch_size": {"int": [4, 64], "log": True}})
    assert whole.space == {"train.batch_size": {"int": [4, 256], "log": True}}
    assert not next_move(results(), SPACE, 8, 8, {}).reasons


def test_one_odd_trial_decides_nothing():
    """A finding of one of the best three changes nothing."""
    one = [*results()[:2], Result("search-2/3", 0.3, 8, ("overfitting",), {})]
    assert not next_move(one, SPACE, 8, 8, {}).reasons


def test_expected_gain_shrinks_when_the_best_is_out_of_reach():
    """Trials around the best promise a gain that grows with their number; a best far ahead of them promises none."""
    close, far = [1.0, 1.01, 1.03, 1.02], [0.5, 1.01, 1.0, 1.02, 1.01, 1.0, 1.0]
    assert expected_gain(close, 10, "val_loss", 1.0) > expected_gain(close, 1, "val_loss", 1.0) > 0
    negative = expected_gain([-s for s in close], 5, "val_r2", -1.0)
    assert negative == pytest.approx(expected_gain(close, 5, "val_loss", 1.0))
    assert expected_gain(far, 3, "val_loss", 0.5) < expected_gain(close, 3, "val_loss", 1.0) * 20
