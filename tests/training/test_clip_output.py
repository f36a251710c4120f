"""Predictions of a regression stay in the range of the training targets: in evaluation, ONNX and estimators."""

import numpy as np
import pytest

from trainlab.core.problem import ConfigError
from trainlab.inference.model import TrainedNetwork
from trainlab.integrations.sklearn import TrainlabRegressor
from trainlab.store.folder import RunFolder
from trainlab.training.experiment import read_plain
from trainlab.training.session import TrainingSession
from trainlab.training.setup import build
from trainlab.training.train import train

MODEL = {"name": "mlp", "hidden": [8], "activation": "silu", "clip_output": True}
DATA = {"name": "friedman1", "preprocess": ["standardize"], "scale_target": True}
CONFIG = {"data": DATA, "model": MODEL, "train": {"epochs": 5}, "optimizer": {"name": "adam", "lr": 0.01}}


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
def test_only_evaluation_is_clipped(engine):
    """The weights are those of a run without it, and so are the outputs but for those beyond the targets."""
    sessions = []
    for clip in (True, False):
        changes = {"train.engine": engine, "model.clip_output": clip}
        session = TrainingSession(build(read_plain(CONFIG, changes)), monitored=False)
        session.fit()
        sessions.append(session)
    clipped, plain = sessions
    assert (clipped.setup.net.theta == plain.setup.net.theta).all()
    y = clipped.setup.parts.train.y
    x = 30 * np.asarray(plain.setup.parts.train.x)
    got, free = (session.metrics.evaluator.outputs(x) for session in sessions)
    assert got == pytest.approx(np.clip(free, y.min(), y.max()), abs=1e-6)
    assert free.max() > y.max()


def test_several_targets_have_their_own_limits(tmp_path):
    """Each column of the targets has its range, in the run's own units and when it is loaded again."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    np.savez(tmp_path / "d.npz", x=x, y=np.column_stack([x[:, 0] * 5 + 100, x[:, 1]]))
    data = {"name": "npz", "path": str(tmp_path / "d.npz"), "task": "regression", "scale_target": True}
    folder = train(read_plain({**CONFIG, "data": data}), runs=tmp_path / "runs").folder
    network = TrainedNetwork.load(RunFolder(folder))
    parts = network.rows("train")
    y = parts[1] * network.fitted["target.std"] + network.fitted["target.mean"]
    got = network.answers(network.outputs(network.prepared(100 * rng.normal(size=(200, 2)))))
    for column in range(2):
        assert got[:, column].min() == pytest.approx(y[:, column].min(), rel=1e-5)
        assert got[:, column].max() == pytest.approx(y[:, column].max(), rel=1e-5)


def test_estimators_clip():
    """A regressor with it predicts no number beyond those that it was fitted to."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    y = x @ [3.0, -2.0]
    config = {"model.clip_output": True, "data.split.val": 0.0}
    found = TrainlabRegressor(epochs=20, config=config).fit(x, y).predict(50 * x)
    assert (found.min(), found.max()) == (pytest.approx(y.min(), rel=1e-5), pytest.approx(y.max(), rel=1e-5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "poisson", "data.scale_target": False}, "poisson turns the outputs into other numbers"),
        ({"loss": {"pinball": [0.1, 0.9]}}, "clip_output is for outputs that are the targets' numbers"),
        (
            {"model": {"name": "sequential", "layers": ["clip_output", {"dense": "output"}]}},
            "clip_output belongs at the end of the network, once",
        ),
    ],
)
def test_outputs_that_are_not_the_targets_numbers(changes, message):
    """Where outputs are no numbers like the targets, or not the last, it is an error."""
    with pytest.raises(ConfigError, match=message):
        build(read_plain(CONFIG, changes))


def test_classes_have_no_range():
    """Of a classification `clip_output` changes nothing."""
    setup = build(read_plain({"data": "iris", "model": MODEL}))
    assert [node.name for node in setup.net.nodes] == ["dense1", "silu1", "dense2"]
