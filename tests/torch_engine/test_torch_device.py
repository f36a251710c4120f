"""The PyTorch backend on a device with memory of its own, which refuses what a GPU refuses (second_device.py).

The tests of the processor run there again, in float32. What only a real GPU shows is not tested: pinned memory, copies
that are still under way, rounding by TF32, torch.compile.
"""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import test_torch_agreement as agreement  # noqa: E402 - only with PyTorch
import test_torch_backend as backend  # noqa: E402
import test_torch_runs as runs  # noqa: E402
from second_device import DEVICE, Lab  # noqa: E402
from test_torch_runs import cli  # noqa: E402, F401 - a fixture
from whole_networks import NETWORKS  # noqa: E402

from trainlab.core.component import names  # noqa: E402
from trainlab.engine import selection  # noqa: E402
from trainlab.engine.evaluator import Evaluator  # noqa: E402
from trainlab.engine.network import Net  # noqa: E402
from trainlab.engine.selection import TorchOptions  # noqa: E402
from trainlab.engine.torch.backend import TorchBackend  # noqa: E402
from trainlab.engine.torch.training import Placement  # noqa: E402
from trainlab.optim.optimizer import Optimizer  # noqa: E402


@pytest.fixture(autouse=True)
def on_the_device(monkeypatch):
    """`engine: torch` means there; something must be sent to it."""

    def made(kind, dtype, host, **options):
        return TorchBackend(Placement(torch, DEVICE, **options), host)

    monkeypatch.setattr(selection, "torch_backend", made)
    monkeypatch.setattr(torch, "inference_mode", torch.no_grad)  # in which PyTorch lets no wrapped tensor be a view
    before = Lab.sent
    yield
    assert Lab.sent > before


def test_tensors_of_two_places_do_not_meet():
    """The device refuses what it is there to refuse, and allows what a GPU allows."""
    there, here = torch.ones(2, 3).to(DEVICE), torch.ones(2, 3)
    for refused in (lambda: there + here, lambda: there @ here.T, there.numpy, lambda: there.lerp_(here, 0.5)):
        with pytest.raises(RuntimeError):
            refused()
    here += 1
    assert float((there * torch.tensor(2.0)).sum()) == 12  # the processor's scalar; its memory is not the device's
    assert there[:, [0, 2]].copy_(here[:, :2]).cpu().tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("case", agreement.ALONE, ids=str)
def test_every_layer(case):
    """Forward, gradient and the outputs that come back for the monitors."""
    agreement.test_every_layer(case, "float32")


@pytest.mark.parametrize("name", names(Optimizer))
def test_every_optimizer(name):
    """With its buffers on the device; L-BFGS searches on the processor."""
    agreement.test_every_optimizer(name, "float32")


@pytest.mark.parametrize("name", ["adam", "lbfgs"])
def test_a_rule_without_a_form_runs_on_the_processor(name, monkeypatch):
    """Of an optimizer, a penalty and a constraint: what they read comes back, and what they write is sent."""
    kind = type(agreement.make(Optimizer, name))
    monkeypatch.setattr(kind, "torch", Optimizer.torch)
    monkeypatch.setattr(agreement.Regularizer, "torch_gradient", agreement.Regularizer.torch_gradient)
    for rule in agreement.Regularization(l1=0.01, l2=0.03, max_norm=0.8).parts():
        monkeypatch.setattr(type(rule), "torch_gradient", agreement.Regularizer.torch_gradient)
        monkeypatch.setattr(type(rule), "torch_constrain", agreement.Regularizer.torch_constrain)
    layers = ({"dense": 9}, "tanh", {"dense": "output"})
    rules = agreement.Regularization(l1=0.01, l2=0.03, max_norm=0.8).parts()
    agreement.agree("float32", optimizer=agreement.make(Optimizer, name, lr=0.005), layers=layers, regularizers=rules)


@pytest.mark.parametrize("loss", agreement.LOSSES, ids=str)
def test_every_loss(loss):
    """With and without weights of the rows."""
    agreement.test_every_loss(loss, "float32")


@pytest.mark.parametrize("recipe", agreement.RULES, ids=str)
def test_every_rule(recipe):
    """Averages, constraints, clipping, augmentation in a thread."""
    agreement.test_every_rule(recipe, "float32")


@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks(name):
    """Twenty networks as people build them."""
    agreement.test_whole_networks(name, "float32")


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16(name, monkeypatch):
    """With the types that CUDA gives to operations: the first loss is about the same, all are finite."""
    _, want = agreement.trained("numpy", "float32", **NETWORKS[name])
    options = {"options": TorchOptions("cpu", bfloat16=True)}
    monkeypatch.setattr(Net.__init__, "__kwdefaults__", Net.__init__.__kwdefaults__ | options)
    _, got = agreement.trained("torch", "float32", **NETWORKS[name])
    assert got[0, 0] == pytest.approx(want[0, 0], rel=0.03)
    assert got[0, 0] != want[0, 0]
    assert np.isfinite(got).all()


@pytest.mark.parametrize(("one", "other"), [("torch", "numpy"), ("numpy", "torch"), ("torch", "torch")])
def test_a_state_goes_on(one, other):
    """Restored arrays reach the device."""
    backend.test_a_state_of_one_backend_goes_on_on_another(one, other)


def test_a_step_that_is_not_finite_is_not_taken():
    """The weights come back as they were, and the place is found."""
    backend.test_a_step_that_is_not_finite_is_not_taken()


@pytest.mark.parametrize("freeze", ["all", "[batch_norm2]"])
def test_a_frozen_layer_stays(freeze, cli, tmp_path):  # noqa: F811
    """Whole runs with evaluation, probes, running statistics and checkpoints."""
    runs.test_a_frozen_layer_stays(freeze, cli, tmp_path)


def test_a_run_goes_on_on_another_backend(cli, tmp_path):  # noqa: F811
    """A run with an average, from the device to the processor."""
    runs.test_a_run_goes_on_on_another_backend("torch", "compiled", cli, tmp_path)


def test_members(cli, tmp_path):  # noqa: F811
    """Networks side by side."""
    runs.test_members(cli, tmp_path)


def test_vectors_are_copied_once_in_a_call():
    """However long a step takes: parameters and buffers go there, and come back with the gradient and the step."""
    trainer, _ = agreement.trained("torch", "float32", optimizer=agreement.make(Optimizer, "adam"), batch_size=5)
    trainer._seconds_per_step = 1.0
    theta, before = trainer.net.theta.nbytes, Lab.sent
    assert trainer.advance(10) == 10
    rows = sum(a[:5].nbytes for a in (trainer.x, trainer.t, trainer.work.slots["dropout1"].x))
    outputs = sum(s.y[:5].nbytes for s in trainer.work.slots.values()) + 10 * trainer.last_batch.y.nbytes
    small = 1000  # losses and norms
    assert Lab.sent - before <= (3 + 5) * theta + 11 * rows + outputs + small


def test_a_stop_ends_a_call():
    """After the step that is running; what layers made of its batch is there for the monitors."""
    trainer, _ = agreement.trained("torch", "float32", batch_size=5)
    penalize = trainer._run_steps.__self__._update.finish
    trainer._run_steps.__self__._update = replace(
        trainer._run_steps.__self__._update, finish=lambda: (trainer.leave_step(), penalize())[1]
    )
    assert trainer.advance(10) == 2  # it was asked for in the first one
    assert trainer.step == agreement.STEPS + 2


def test_an_evaluation_sends_the_params_once():
    """Not for every block of rows."""
    net = agreement.trained("torch", "float32")[0].net
    task = agreement.Task("classification", 3)
    evaluator = Evaluator(net, agreement.Loss.read("softmax_cross_entropy"), task)
    evaluator._limit = 10
    x, before = np.zeros((100, 6), np.float32), Lab.sent
    y = evaluator.outputs(x)
    assert Lab.sent - before == 2 * net.theta.nbytes + x.nbytes + y.nbytes  # when it is made, and when it begins
    net.theta[...] = 0
    assert not evaluator.outputs(x).any()
