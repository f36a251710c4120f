"""When a run is looked at."""

import pytest

from trainlab.training.inspection_schedule import InspectionSchedule


@pytest.mark.parametrize("every", ["auto", 1, 7, 5000])
@pytest.mark.parametrize("work", [0, 1e5, 1e6, 3e6, 1e9])
def test_next_last_and_at_tell_of_the_same_steps(every, work):
    """Wherever a run is resumed, it is looked at after the same steps."""
    cadence, steps = InspectionSchedule(every, work), range(30_000)
    looked = [step for step in steps if cadence.step_due(step)]
    behind, ahead = 0, iter([*looked, 10**9])
    coming = next(ahead)
    for step in steps:
        if step == coming:
            behind, coming = step, next(ahead)
        assert cadence.last_step(step) == behind
        assert coming == 10**9 or cadence.next_step(step) == coming


def test_an_expensive_step_is_looked_at_often_and_a_cheap_one_rarely():
    """Every 20 steps where a look costs nothing; else at the start, and later in at most a fifth of the run."""
    dear, cheap = InspectionSchedule("auto", 1e9), InspectionSchedule("auto", 0)
    assert [step for step in range(1000) if dear.step_due(step)] == list(range(20, 1000, 20))
    assert [step for step in range(401) if cheap.step_due(step)] == list(range(20, 401, 20))
    assert all(step - cheap.last_step(step) <= step / 5 for step in range(400, 30_000))
    assert max(cheap.next_step(step) - cheap.last_step(step) for step in range(100_000)) == 2000


def test_histograms_grow_with_the_logarithm_of_the_steps():
    """The first inspection has one, and 300 000 steps have 51."""
    schedule = InspectionSchedule("auto", 0, steps_per_epoch=1000, epochs=300)
    due = [step for step in range(1, 300_001) if schedule.step_due(step) and schedule.histograms_due(step)]
    assert due[:6] == [20, 40, 60, 80, 100, 120]
    assert len(due) == 51
