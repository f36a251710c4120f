"""Rules that look at the whole past of a metric cost the same in each epoch."""

from math import inf

import pytest

from trainlab.optim.history import History, fold
from trainlab.optim.schedules.plateau import Plateau
from trainlab.optim.stopping import EarlyStopping
from trainlab.search.experiment import read
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build

VALUES = [0.9, 0.7, 0.8, 0.75, 0.8, 0.6, float("nan"), 0.65, 0.65, 0.65, 0.65, 0.5]


def total(state: float, value: float) -> float:
    """One more value."""
    return state + value


def largest(state: float, value: float) -> float:
    """The larger of two."""
    return max(state, value)


def test_each_value_is_taken_in_once():
    """Of a history that grows the state is kept; one that is cut, and another rule, begin anew."""
    taken: list[float] = []

    def count(state: int, value: float) -> int:
        taken.append(value)
        return state + 1

    history = History()
    for n, value in enumerate([3.0, 1.0, 2.0], start=1):
        history.append(value)
        assert [fold(count, 0, history), fold(count, 0, history)] == [n, n]
    assert taken == [3.0, 1.0, 2.0]
    assert fold(count, 0, history, 2) == 2
    assert [fold(total, 0.0, history), fold(largest, -inf, history), fold(total, 0.0, history)] == [6.0, 3.0, 6.0]


@pytest.mark.parametrize("rule", [Plateau(patience=1, decay=0.5, cooldown=1), EarlyStopping(patience=3)])
def test_a_history_gives_what_a_list_gives(rule):
    """Epoch by epoch, in both directions, the kept state is that of the whole past."""
    history = History()
    for n, value in enumerate(VALUES, start=1):
        history.append(value)
        if isinstance(rule, Plateau):
            assert rule.at(n, 30, history) == rule.at(n, 30, VALUES[:n])
            assert rule.at(n - 1, 30, history) == rule.at(n - 1, 30, VALUES[:n])
        else:
            assert rule.should_stop(history, True) == rule.should_stop(VALUES[:n], True)
            assert rule.should_stop(history, False) == rule.should_stop(VALUES[:n], False)


def test_a_run_asks_of_each_epoch_once(monkeypatch, tmp_path):
    """In a run with plateau and early stopping both take in each epoch once, however many steps it has."""
    taken = {"plateau": 0, "stopping": 0}
    plateau, stopping = Plateau._after, EarlyStopping._after_lower

    def counted(name, step):
        def count(self, state, value):
            taken[name] += 1
            return step(self, state, value)

        return count

    monkeypatch.setattr(Plateau, "_after", counted("plateau", plateau))
    monkeypatch.setattr(EarlyStopping, "_after_lower", counted("stopping", stopping))
    (tmp_path / "a.yaml").write_text(
        "data: {name: moons}\nmodel: {name: mlp, hidden: [2]}\nschedule: {name: plateau, patience: 99}\n"
        "train: {epochs: 25, batch_size: 64, early_stopping: {patience: 99}}\n"
    )
    TrainingSession(build(read(str(tmp_path / "a.yaml"), []))).fit()
    assert taken == {"plateau": 24, "stopping": 25}, "the last epoch's metric changes no rate"
