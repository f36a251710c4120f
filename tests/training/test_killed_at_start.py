"""A run that is killed among the files of its start has all of them after a resume."""

import json
import shutil

import pytest
from moons_run import MOONS, assert_same_run, write

from trainlab.core.errors import UserError
from trainlab.store.checksums import FILES
from trainlab.training.experiment import read
from trainlab.training.train import resume, train

_START = ("environment.json", "network.json", "data.json", "defaults.json")  # in the order in which they are written


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run from its first step to its last."""
    folder = tmp_path_factory.mktemp("whole")
    return train(read(write(folder, MOONS), ["baselines=true"]), runs=folder / "runs").folder


@pytest.mark.parametrize("written", range(len(_START)))
def test_files_of_the_start_are_written_by_the_resume(whole, tmp_path, written):
    """Its config stands, and so many files after it; what stands is left as it is."""
    run = tmp_path / "m-1"
    (run / "checkpoints").mkdir(parents=True)
    for name in ("config.yaml", *_START[:written]):
        shutil.copy(whole / name, run / name)
    resume(run)
    assert_same_run(whole, run)
    for name in _START:
        ours, wholes = (json.loads((folder / name).read_text()) for folder in (run, whole))
        if name == "data.json":
            assert ours["baselines"].pop("scores") == wholes["baselines"].pop("scores")
            ours, wholes = ({**facts, "baselines": None} for facts in (ours, wholes))
        if name != "environment.json":  # made at another time, by another command
            assert ours == wholes, name


@pytest.mark.parametrize("name", FILES)
def test_a_folder_where_a_file_belongs_refuses_the_resume(whole, tmp_path, name):
    """It would be met at the end of the training."""
    run = tmp_path / "m-1"
    shutil.copytree(whole, run)
    (run / name).unlink(missing_ok=True)
    (run / name).mkdir()
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    with pytest.raises(UserError, match=name):
        resume(run, epochs=100)
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before
