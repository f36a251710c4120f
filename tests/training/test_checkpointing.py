"""When a checkpoint is due."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from trainlab.training import checkpointing as saving
from trainlab.training.checkpointing import Checkpointer


@pytest.mark.parametrize(("took", "next_after"), [(0.004, 1.0), (0.1, 5.0), (0.3, 15.0), (4.0, 30.0)])
def test_saving_takes_a_fiftieth_of_the_time_at_most(took, next_after, monkeypatch):
    """No sooner than a second after the last, no later than half a minute, else fifty times as long as it took."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(saving, "monotonic", lambda: clock.now)
    train = SimpleNamespace(checkpoint=SimpleNamespace(every=1, keep=0), epochs=10)
    schedule = SimpleNamespace(snapshots=lambda epochs: [])
    setup = SimpleNamespace(experiment=SimpleNamespace(train=train), config=SimpleNamespace(schedule=schedule))
    trainer = SimpleNamespace(epoch=1, steps_per_epoch=7)
    kept = Checkpointer(Path(), setup, SimpleNamespace(trainer=trainer))
    clock.now += took
    kept.saved(100.0)
    clock.now += next_after - 0.01
    assert not kept.due()
    clock.now += 0.02
    assert kept.due()
