"""The PyTorch backend on a device with memory of its own, which refuses what a GPU refuses (second_device.py).

The tests of the processor run there again, in float32. What only a real GPU shows is not tested: pinned memory, copies
that are still under way, rounding by TF32, torch.compile.
"""

import pytest

torch = pytest.importorskip("torch")

import test_torch_agreement as agreement  # noqa: E402 - only with PyTorch
import test_torch_backend as backend  # noqa: E402
import test_torch_runs as runs  # noqa: E402
from second_device import Lab, device  # noqa: E402
from test_torch_runs import cli  # noqa: E402, F401 - a fixture
from whole_networks import NETWORKS  # noqa: E402

from trainlab.core.component import names  # noqa: E402
from trainlab.engine import selection  # noqa: E402
from trainlab.engine.torch.backend import TorchBackend  # noqa: E402
from trainlab.engine.torch.training import Placement  # noqa: E402
from trainlab.optim.optimizer import Optimizer  # noqa: E402


@pytest.fixture(autouse=True)
def on_the_device(monkeypatch):
    """`engine: torch` means there; something must be sent to it."""

    def made(kind, dtype, host, **options):
        return TorchBackend(Placement(torch, device(), **options), host)

    monkeypatch.setattr(selection, "torch_backend", made)
    monkeypatch.setattr(torch, "inference_mode", torch.no_grad)  # in which PyTorch lets no wrapped tensor be a view
    before = Lab.sent
    yield
    assert Lab.sent > before


def test_tensors_of_two_places_do_not_meet():
    """The device refuses what it is there to refuse, and allows what a GPU allows."""
    there, here = torch.ones(2, 3).to(device()), torch.ones(2, 3)
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
