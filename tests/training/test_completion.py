"""`model: tabular` brings defaults for the whole config; what the config says wins."""

import numpy as np
import pytest

from trainlab.core.component import plain
from trainlab.inference.model import TrainedNetwork
from trainlab.nn.models.tabular import Tabular
from trainlab.search.experiment import read_plain as read_sweep
from trainlab.search.space import SearchSpace
from trainlab.store.folder import RunFolder
from trainlab.store.plain_yaml import read_config
from trainlab.training.experiment import read, read_plain
from trainlab.training.setup import build
from trainlab.training.train import resume, train


def config(**more):
    return {"data": {"name": "iris", **more.pop("data", {})}, "model": "tabular", **more}


def test_the_recipe_is_below_the_config():
    """Blocks that the config leaves out are the recipe's; settings that it has win, inside a component too."""
    got = read_plain(config(optimizer={"lr": 0.5}, data={"preprocess": ["standardize"]})).value
    recipe = Tabular.recipe()
    assert (got.optimizer.name, got.optimizer.lr, got.optimizer.b2) == ("adamw", 0.5, recipe["optimizer"]["b2"])
    assert [step.name for step in got.data.preprocess] == ["standardize"]
    assert (got.schedule.name, got.baselines) == ("one_cycle", True)
    assert got.data.scale_target == "auto"


def test_another_component_replaces_the_recipes():
    """`optimizer: sgd` has nothing of the recipe's optimizer."""
    got = read_plain(config(optimizer={"sgd": 0.1})).value
    assert plain(got.optimizer)["name"] == "sgd"


def test_overrides_change_the_recipe(tmp_path):
    """An override of one setting keeps the recipe's others, and an override chooses the model, too."""
    (tmp_path / "c.yaml").write_text("data: iris\nmodel: {mlp: [8]}\n")
    got = read(tmp_path / "c.yaml", ["model=tabular", "optimizer.lr=0.5", "model.hidden=[4]"]).value
    assert (got.optimizer.name, got.optimizer.lr, got.model.hidden) == ("adamw", 0.5, [4])
    assert read(tmp_path / "c.yaml").value.optimizer.name == "adam"


@pytest.mark.parametrize(
    "override", ["data=diabetes", "data={name: diabetes, split: {val: 0.2}}", "data.name=diabetes"]
)
def test_an_override_of_a_block_is_completed_like_the_block(tmp_path, override):
    """Other data on the command line have the recipe's preprocessing, as other data in the file would have it."""
    (tmp_path / "c.yaml").write_text("data: iris\nmodel: tabular\n")
    got = read(tmp_path / "c.yaml", [override, "data.preprocess.3.bins=5"]).value

    assert (got.data.name, got.data.scale_target) == ("diabetes", "auto")
    assert [step.name for step in got.data.preprocess] == ["fill", "robust", "smooth_clip", "piecewise_linear"]
    assert got.data.preprocess[3].bins == 5


def test_task_and_rows_decide_the_rest():
    """Labels are smoothed for classes only, and large tables have larger batches and fewer epochs."""
    classes = build(read_plain(config())).experiment
    assert (classes.loss.label_smoothing, classes.train.epochs, classes.train.batch_size) == (0.1, 128, 32)
    numbers = build(read_plain(config(data={"name": "diabetes"}))).experiment
    assert numbers.loss == "auto"
    given = build(read_plain(config(loss="hinge", train={"epochs": 3}))).experiment
    assert (given.loss.name, given.train.epochs, given.train.batch_size) == ("hinge", 3, 32)
    small, large = (
        Tabular.suited(build(read_plain(config())).parts.task, rows, "val_accuracy") for rows in (1000, 100_000)
    )
    assert large["train.epochs"] < small["train.epochs"]
    assert large["train.batch_size"] > small["train.batch_size"]


def test_a_sweep_has_the_suggestions_too():
    """A sweep knows the task and the rows before its first trial: its trials have the epochs and the loss of a run."""
    sweep = {"space": {"optimizer.lr": {"log": [1e-3, 1e-2]}}, "trials": 2, "metric": "val_accuracy"}
    space = SearchSpace(read_sweep(config(sweep=sweep)))
    trial = space.trial(1).experiment
    assert (trial.train.epochs, trial.train.batch_size, trial.loss.label_smoothing) == (128, 32, 0.1)
    assert (trial.optimizer.name, trial.optimizer.b2, trial.baselines) == ("adamw", 0.95, True)


@pytest.mark.parametrize("metric", ["val_roc_auc", "val_log_loss", "val_loss"])
def test_labels_are_not_smoothed_where_probabilities_count(metric):
    """Smoothing improves the share of right classes, and harms probabilities and their order."""
    data = {"name": "breast_cancer"}
    assert build(read_plain(config(data=data, train={"best": metric}))).experiment.loss == "auto"
    assert build(read_plain(config(data=data))).experiment.loss.label_smoothing == 0.1


@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_the_run_has_everything_written_out(tmp_path, data):
    """The resolved config trains to the same weights, and a run resumes and is read without the recipe."""
    started = train(read_plain({"data": data, "model": "tabular"}), runs=tmp_path, until=2)
    run = resume(started.folder, until=3)
    kept = read_config(run.folder / "config.yaml")
    assert kept["train"]["epochs"] == 128
    assert kept["optimizer"]["b2"] == 0.95
    again = train(read(run.folder / "config.yaml"), runs=tmp_path, until=3)
    one, other = (TrainedNetwork.load(RunFolder(found.folder), "last").net.theta for found in (run, again))
    assert np.array_equal(one, other)
