"""regions.csv: what a network of two inputs answers on a grid, as its own predictions there, and at little cost."""

import numpy as np
import pytest

from trainlab.core.config import read_plain
from trainlab.inference.model import TrainedNetwork
from trainlab.report.pictures.decision_regions import _answers, _plane, pictures
from trainlab.store.columns import REGION_SYMBOLS
from trainlab.store.reading import read_run
from trainlab.training.experiment import Experiment
from trainlab.training.regions import SIDE, Regions
from trainlab.training.train import resume, train


def run(tmp_path, **settings):
    """A run of this config, as the report reads it."""
    settings.setdefault("train", {"epochs": 3})
    return read_run(train(read_plain(Experiment, settings, "x"), runs=tmp_path, name="r").folder)


def grid(record):
    """The grid in the units of the data."""
    left, right, bottom, top = record.data["plane"]["ends"]
    across, up = np.meshgrid(np.linspace(left, right, SIDE), np.linspace(bottom, top, SIDE))
    return np.stack([across.ravel(), up.ravel()], axis=1)


@pytest.mark.parametrize("data", ["moons", "circles", "spirals"])
def test_the_last_grid_is_what_the_network_predicts(tmp_path, data):
    """Classes at each place, preprocessing included, and how sure it is of them."""
    record = run(tmp_path, data={"name": data, "samples": 200, "preprocess": [{"name": "standardize"}]})
    assert record.regions["epoch"] == [0, 1, 2, 3]
    model = TrainedNetwork.load(record.folder, "last")
    y = model.outputs(model.prepared(grid(record)))
    got = _answers(record.regions["cells"][-1], SIDE, _plane(record), 0.0, 1.0)
    classes, sure = model.answers(y), model.certainty(y)[0].max(axis=1)
    assert got.found.ravel().tolist() == classes.tolist()
    count = len(record.data["classes"])
    assert got.sure.ravel() == pytest.approx((sure - 1 / count) / (1 - 1 / count), abs=count / len(REGION_SYMBOLS))


def test_a_regression_has_its_surface(tmp_path):
    """Numbers in the target's own units, to a sixty-third of their range."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (120, 2))
    rows = [f"{a},{b},{100 + 30 * a * b}" for a, b in x.tolist()]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,target", *rows]))
    data = {"name": "csv", "path": str(tmp_path / "t.csv"), "target": "target", "scale_target": True}
    record = run(tmp_path, data=data)
    model = TrainedNetwork.load(record.folder, "last")
    want = model.answers(model.outputs(model.prepared(grid(record))))[:, 0]
    low, high = (record.regions[name][-1] for name in ("low", "high"))
    got = _answers(record.regions["cells"][-1], SIDE, _plane(record), low, high).found.ravel()
    assert (low, high) == pytest.approx((want.min(), want.max()))
    assert np.abs(got - want).max() <= 0.51 * (high - low) / (len(REGION_SYMBOLS) - 1)
    assert record.data["plane"]["names"] == ["a", "b"]
    assert pictures(record)[0].title == "The predicted surface"


def test_other_inputs_have_none(tmp_path):
    """No file and no picture, and nothing about a grid in data.json, where there are more than two inputs."""
    record = run(tmp_path, data="iris")
    assert not record.folder.regions.exists()
    assert "plane" not in record.data
    assert pictures(record) == []


def test_a_run_of_many_epochs_has_few_grids():
    """About two while the epochs double."""
    assert len([e for e in range(100_001) if Regions.due_of(e, 100_000)]) == 35


def test_a_grid_changes_nothing_and_comes_back_after_a_resume(tmp_path):
    """A run that was stopped and resumed has the grids of one that was not."""
    settings = {"data": {"name": "moons", "samples": 200}, "train": {"epochs": 6, "average": 0.9}}
    document = read_plain(Experiment, settings, "x")
    whole = train(document, runs=tmp_path, name="whole").folder
    part = train(document, runs=tmp_path, name="part", until=2).folder
    resume(part)
    assert (part / "regions.csv").read_bytes() == (whole / "regions.csv").read_bytes()


@pytest.mark.parametrize("damage", ["", "epoch,step,low,high,cells\n0,0,0,1,AB\n", "epoch,step\n1,2\n", "x"])
def test_a_damaged_file_is_no_picture(tmp_path, damage):
    """Cells that are too few, columns that are missing, and no table at all."""
    record = run(tmp_path, data={"name": "moons", "samples": 100})
    record.folder.regions.write_text(damage)
    assert pictures(read_run(record.path)) == []
