"""When a checkpoint is due."""

from types import SimpleNamespace

import pytest

from trainlab.store.columns import metric_columns
from trainlab.store.folder import RunFolder
from trainlab.training import checkpointing as saving
from trainlab.training.checkpointing import Checkpointer
from trainlab.training.experiment import read_plain
from trainlab.training.logger import RunLogger
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build


@pytest.mark.parametrize(("took", "next_after"), [(0.004, 1.0), (0.1, 5.0), (0.3, 15.0), (4.0, 30.0)])
def test_saving_takes_a_fiftieth_of_the_time_at_most(took, next_after, monkeypatch, tmp_path):
    """No sooner than a second after the last, no later than half a minute, else fifty times as long as it took."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(saving, "monotonic", lambda: clock.now)
    session = TrainingSession(build(read_plain({"data": "moons", "model": {"mlp": [2]}})))
    with RunLogger(RunFolder.create(tmp_path, "run"), metric_columns("classification")) as logger:
        checkpointer = Checkpointer(RunFolder(tmp_path / "run-1"), session, logger)
    clock.now += took
    checkpointer.saved(100.0)
    clock.now += next_after - 0.01
    assert not checkpointer.due(1)
    clock.now += 0.02
    assert checkpointer.due(1)
