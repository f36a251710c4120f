"""A run that is told to stop after an epoch: resumed, it ends with the bits of one that never stopped."""

import pytest
from moons_run import MOONS, assert_same_run, write

from trainlab.store.rows import read_rows
from trainlab.store.status import read_status
from trainlab.training.callbacks import Callback
from trainlab.training.experiment import read, read_plain
from trainlab.training.train import resume, train


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One run from its first step to its last."""
    folder = tmp_path_factory.mktemp("whole")
    return train(read(write(folder, MOONS)), runs=folder / "runs")


def test_rung_by_rung_it_comes_to_the_same_bits(whole, tmp_path):
    """It stops after epochs 1 and 3 as `interrupted`, with the reason, and ends as if it had never stopped."""
    got = train(read(write(tmp_path, MOONS)), runs=tmp_path, until=1)
    assert (got.state, got.epoch) == ("interrupted", 1)
    assert read_status(got.folder / "status.json").reason == "stopped after epoch 1, as requested"
    assert read_rows(got.folder / "metrics.csv")["epoch"] == [0, 1]
    again = resume(got.folder, until=3)
    assert (again.state, again.epoch) == ("interrupted", 3)
    done = resume(got.folder)
    assert done.state == "finished"
    assert_same_run(whole.folder, got.folder)


def test_it_stops_at_once_where_it_has_come_so_far_already(tmp_path):
    """A resume up to an epoch that is reached trains nothing."""
    got = train(read(write(tmp_path, MOONS)), runs=tmp_path, until=2)
    again = resume(got.folder, until=2)
    assert (again.state, again.epoch, again.step) == ("interrupted", 2, got.step)


def test_a_run_that_ends_first_ends_as_always(tmp_path):
    """Early stopping before the epoch, or an epoch that is the last one: the run has finished."""
    early = "train: {epochs: 9, early_stopping: {metric: train_accuracy, patience: 1, min_delta: 1}}"
    patient = train(read(write(tmp_path, MOONS.replace("train: {epochs: 6", early[:-1]))), runs=tmp_path, until=5)
    assert (patient.state, patient.epoch) == ("finished", 2)
    last = train(read(write(tmp_path, MOONS)), runs=tmp_path, until=6)
    assert (last.state, last.epoch) == ("finished", 6)


def test_killed_just_when_it_had_enough_it_has_enough_again(tmp_path):
    """What ended a run is seen again from its last checkpoint: a resume trains not one step further."""
    early = "train: {epochs: 9, early_stopping: {metric: train_accuracy, patience: 2, min_delta: 1}}"
    config = write(tmp_path, MOONS.replace("train: {epochs: 6", early[:-1]))
    whole = train(read(config), runs=tmp_path)
    assert (whole.state, whole.epoch) == ("finished", 3)
    cut = train(read(config), runs=tmp_path, until=1)
    status = cut.folder / "status.json"
    saved = status.read_bytes()
    resume(cut.folder)
    assert_same_run(whole.folder, cut.folder)
    status.write_bytes(saved)  # killed after its last checkpoint, before it could say that it had finished
    again = resume(cut.folder)
    assert (again.state, again.epoch) == ("finished", 3)


class Told(Callback):
    """Keeps the message of a session's start."""

    def on_train_begin(self, info):
        """Takes it."""
        self.note = info.note


@pytest.mark.parametrize(
    ("schedule", "note"),
    [
        (
            "cosine",
            "The schedule cosine depends on the number of epochs: with 4 instead of 2 the learning rate goes on at 0.5 "
            "times optimizer.lr, not at 0 times.",
        ),
        ("constant", ""),
    ],
)
def test_a_rate_that_jumps_is_said(tmp_path, schedule, note):
    """Half of a cosine is over after 2 of 4 epochs, all of it after 2 of 2; a constant rate stays."""
    config = {"data": "moons", "schedule": schedule, "train": {"epochs": 2}}
    folder = train(read_plain(config, {}), runs=tmp_path).folder
    told = Told()
    resume(folder, epochs=4, callbacks=[told])
    assert told.note == note
