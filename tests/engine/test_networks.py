"""Whole networks in the real loop against torch 2.13: tests/golden/networks.json, made by make_networks.py."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.engine.evaluator import Evaluator
from trainlab.engine.network import Net
from trainlab.engine.trainer import Trainer
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularization
from trainlab.optim.schedule import Schedule

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = json.loads((GOLDEN / "networks.json").read_text())
DATA = runpy.run_path(str(GOLDEN / "network_data.py"))


def trained(case, dtype, **changes):
    """The trainer after its 50 steps, and the loss in evaluation mode on all rows."""
    shape = tuple(case["shape"])
    net = Net([Layer.read(layer).sized(DATA["CLASSES"]) for layer in case["model"]], shape, dtype=dtype)
    for name, param in net.params.items():
        if name in case["params"]:  # running statistics start at 0 and 1
            param[...] = DATA["start"](case["name"], name, tuple(case["params"][name]))
        elif name.endswith(".var"):
            param[...] = 1.0
    x, t = DATA["rows"](case["name"], shape)
    x = x.astype(dtype)
    recipe = TrainingConfig(
        loss=make(Loss, "softmax_cross_entropy"),
        optimizer=Optimizer.read({**case["optimizer"], **changes}),
        schedule=make(Schedule, "constant"),
        regularizers=Regularization(l2=case["l2"]).parts(),
        epochs=10,
        batch_size=DATA["BATCH"],
        shuffle=False,
    )
    trainer = Trainer(net, recipe, x, t, Streams(0))
    assert trainer.advance(DATA["STEPS"]) == DATA["STEPS"]
    return trainer, Evaluator(net, recipe.loss, Task("classification", DATA["CLASSES"])).scores(x, t).loss


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_losses_are_those_of_torch(case, dtype, tolerance):
    """Each of 50 losses, and the one in evaluation mode at the end, is torch's for the same weights and batches."""
    trainer, evaluated = trained(case, dtype)
    want = case[dtype]

    np.testing.assert_allclose(trainer.records[:50, 0], want["losses"], rtol=tolerance)
    np.testing.assert_allclose(evaluated, want["evaluated"], rtol=tolerance)
    assert want["losses"][-1] < 0.7 * want["losses"][0], "a network that does not learn would agree for nothing"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_param_is_compared(case):
    """The names and shapes of all that is learned are those that torch was given."""
    net = Net([Layer.read(layer).sized(DATA["CLASSES"]) for layer in case["model"]], tuple(case["shape"]))
    still = {f"{node.name}.{key}" for node in net.all_nodes() for key, p in node.params.items() if not p.trained}

    assert {name: list(a.shape) for name, a in net.params.items() if name not in still} == case["params"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_hundredth_of_the_rate_shows(case):
    """The comparison is sharp: with a learning rate 1 % larger the losses are other ones."""
    trainer, _ = trained(case, "float32", lr=1.01 * case["optimizer"]["lr"])

    assert np.abs(trainer.records[:50, 0] / case["float32"]["losses"] - 1).max() > 1e-3
