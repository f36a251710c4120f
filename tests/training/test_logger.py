"""The growing files of a run folder: rows are written at once; silenced monitors measure nothing."""

import numpy as np
import pytest

from trainlab.core.component import names
from trainlab.core.config import read_plain
from trainlab.diagnose.monitor import Monitor
from trainlab.store.columns import metric_columns
from trainlab.store.folder import RunFolder
from trainlab.store.rows import read_rows
from trainlab.training.callbacks import StepInfo
from trainlab.training.experiment import Experiment, named
from trainlab.training.logger import RunLogger
from trainlab.training.probe import Prober
from trainlab.training.train import train

NAMES = (("dense1", "mean"), ("relu1", "dead"))


def test_rows_are_in_the_files_at_once(tmp_path):
    """Every row is in its file when the call returns, and `positions` is how long the files are."""
    folder = RunFolder.create(tmp_path, "r")
    with RunLogger(folder, metric_columns("classification")) as made:
        for last, count in ((3, 3), (5, 2)):
            made.on_step_end(StepInfo(last, 0.0, np.arange(count * 4, dtype=np.float64).reshape(-1, 4) / 7))
            made.on_inspection(last, NAMES, np.array([last / 3, np.nan]))
        assert read_rows(folder.steps)["step"] == [1, 2, 3, 4, 5]
        assert folder.layers.read_text().splitlines()[1:3] == ["3,dense1,mean,1.0", "3,relu1,dead,nan"]
        assert made.positions()["layers"] == folder.layers.stat().st_size


def test_nothing_is_measured_where_nobody_looks(tmp_path, monkeypatch):
    """With all codes silenced no probe is made; steps and epochs are written as ever."""
    for probe in ("light", "deep"):
        monkeypatch.setattr(Prober, probe, lambda *_: pytest.fail("a probe"))
    settings = {"data": "iris", "train": {"epochs": 3}, "monitors": {"off": names(Monitor), "every": 10_000}}
    outcome = train(named(read_plain(Experiment, settings, "x")), runs=tmp_path)
    assert (outcome.state, outcome.findings) == ("finished", ())
    assert read_rows(outcome.folder / "layers.csv")["step"] == []
    assert len(read_rows(outcome.folder / "steps.csv")["step"]) == outcome.step
