"""The PyTorch backend beside the others: checkpoints, numbers that are not finite, precision, refusals."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_torch_agreement import PLAIN, trained  # noqa: E402 - only with PyTorch

from trainlab.core.component import make  # noqa: E402
from trainlab.core.errors import UserError  # noqa: E402
from trainlab.engine.network import Net  # noqa: E402
from trainlab.nn.layer import Layer  # noqa: E402
from trainlab.optim.optimizer import Optimizer  # noqa: E402
from trainlab.training.experiment import read_plain  # noqa: E402
from trainlab.training.train import train  # noqa: E402


@pytest.mark.parametrize(("one", "other"), [("torch", "numpy"), ("numpy", "torch"), ("torch", "compiled")])
def test_a_state_of_one_backend_goes_on_on_another(one, other):
    """Saved in the middle of an epoch, with a dropout, buffers and an average."""
    recipe = {"layers": PLAIN, "optimizer": make(Optimizer, "adam", lr=0.01), "average": 0.9}
    first, _ = trained(one, "float32", **recipe)
    arrays, plain = first.state()
    arrays = {name: a.copy() for name, a in arrays.items()}
    first.advance(2)
    second, _ = trained(other, "float32", **recipe)
    second.restore(arrays, plain)
    second.advance(2)
    assert second.net.theta == pytest.approx(first.net.theta, rel=1e-4, abs=1e-6)
    assert second.average == pytest.approx(first.average, rel=1e-4, abs=1e-6)


def test_a_step_that_is_not_finite_is_not_taken():
    """Training stops there, with the weights of the step before, and the place is found."""
    trainer, _ = trained("torch", "float32")
    trainer.net.params["dense2.W"][0, 0] = np.inf
    before = trainer.net.theta.copy()
    assert trainer.advance(2) == 1
    assert trainer.broken
    assert trainer.net.theta.tobytes() == before.tobytes()
    assert trainer.first_non_finite() == "dense2.W"


def test_bfloat16_learns_about_the_same(tmp_path):
    """The layers round to three digits: the losses of a run are near those of float32, and not equal."""
    data = {"name": "digits", "preprocess": ["standardize"]}
    losses = []
    for dtype in ("float32", "bfloat16"):
        settings = {"engine": "torch", "device": "cpu", "epochs": 3, "dtype": dtype}
        result = train(read_plain({"data": data, "train": settings}, source="c"), runs=tmp_path, name=dtype)
        losses.append(result.test["loss"])
    assert losses[1] == pytest.approx(losses[0], rel=0.1)
    assert losses[1] != losses[0]


def test_a_layer_without_a_form_is_refused_before_the_first_step():
    """By name, with what to do."""

    class Negated(Layer, name="negated"):
        def out_shape(self, shape):
            return shape

        def forward(self, s):
            np.negative(s.x, out=s.y)

        def backward(self, s):
            np.negative(s.dy, out=s.dx)

    with pytest.raises(UserError, match="cannot compute the layer `negated`: the class has no method `torch`"):
        trained("torch", "float32", layers=({"dense": 4}, Negated(), {"dense": "output"}))
    assert Net([Negated()], (3,), engine="torch").backend.name == "torch"
