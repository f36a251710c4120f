"""Rows on their way to the disk: what waits is written in time, and by whoever counts on it; what nobody asks for."""

import numpy as np
import pytest

from trainlab.core.component import names
from trainlab.core.config import read_plain
from trainlab.diagnose.monitor import Monitor
from trainlab.engine.compiled.library import load
from trainlab.store.folder import RunFolder
from trainlab.store.rows import read_rows
from trainlab.training import logger as recording
from trainlab.training.experiment import Experiment, named
from trainlab.training.logger import RunLogger
from trainlab.training.probe import Prober
from trainlab.training.session import train

NAMES = (("dense1", "mean"), ("relu1", "dead"))
needs_kernels = pytest.mark.skipif(load() is None, reason="no compiled kernels here")


def written(tmp_path, library, *, held=60.0, monkeypatch):
    """A recorder with some rows, and its folder."""
    monkeypatch.setattr(recording, "_HELD", held)
    folder = RunFolder.create(tmp_path, "r")
    made = RunLogger(folder, "classification", library)
    for last in (3, 5):
        made.steps(last, np.arange(last * 4, dtype=np.float64).reshape(-1, 4)[: 3 if last == 3 else 2] / 7)
        made.layers(last, NAMES, np.array([last / 3, np.nan]))
    return made, folder


@needs_kernels
def test_rows_that_wait_are_there_when_somebody_counts_on_them(tmp_path, monkeypatch):
    """Nothing is written before its time; a checkpoint's positions and the end write everything."""
    made, folder = written(tmp_path, load(), monkeypatch=monkeypatch)
    assert read_rows(folder.steps)["step"] == []
    assert made.positions()["steps"] == folder.steps.stat().st_size
    assert read_rows(folder.steps)["step"] == [1, 2, 3, 4, 5]
    made.layers(6, NAMES, np.zeros(2))
    assert read_rows(folder.layers)["step"] == [3, 3, 5, 5]
    made.close()
    assert read_rows(folder.layers)["step"] == [3, 3, 5, 5, 6, 6]


@needs_kernels
def test_kernels_write_the_rows_that_python_writes(tmp_path, monkeypatch):
    """Both files are the same to the last character; what is due is written at once."""
    kernels, one = written(tmp_path / "a", load(), held=0.0, monkeypatch=monkeypatch)
    python, other = written(tmp_path / "b", None, monkeypatch=monkeypatch)
    assert one.steps.read_bytes() == other.steps.read_bytes()
    assert one.layers.read_bytes() == other.layers.read_bytes()
    assert len(one.layers.read_text().splitlines()) == 5
    kernels.close()
    python.close()


def test_nothing_is_measured_where_nobody_looks(tmp_path, monkeypatch):
    """With all codes silenced no probe is made; steps and epochs are written as ever."""
    for probe in ("light", "deep"):
        monkeypatch.setattr(Prober, probe, lambda _: pytest.fail("a probe"))
    settings = {"data": "iris", "train": {"epochs": 3}, "monitors": {"off": names(Monitor), "every": 10_000}}
    outcome = train(named(read_plain(Experiment, settings, "x")), runs=tmp_path)
    assert (outcome.state, outcome.diagnoses) == ("finished", ())
    assert read_rows(outcome.folder / "layers.csv")["step"] == []
    assert len(read_rows(outcome.folder / "steps.csv")["step"]) == outcome.step
