"""The PyTorch backend beside the others: checkpoints, numbers that are not finite, precision, refusals."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_torch_agreement import PLAIN, trained  # noqa: E402 - only with PyTorch
from whole_networks import NETWORKS  # noqa: E402

from trainlab.core.component import make  # noqa: E402
from trainlab.core.errors import UserError  # noqa: E402
from trainlab.data.augmentation import Augmentation  # noqa: E402
from trainlab.data.lazy import LazyRows  # noqa: E402
from trainlab.engine import trainer as trainer_module  # noqa: E402
from trainlab.engine.network import Net  # noqa: E402
from trainlab.engine.selection import TorchOptions  # noqa: E402
from trainlab.engine.trainer import Trainer  # noqa: E402
from trainlab.nn.layer import Layer  # noqa: E402
from trainlab.optim.optimizer import Optimizer  # noqa: E402
from trainlab.optim.schedule import Schedule  # noqa: E402
from trainlab.training.experiment import read_plain  # noqa: E402
from trainlab.training.train import train  # noqa: E402

COMPILED = TorchOptions("cpu", compile=True)


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


@pytest.mark.parametrize("kind", ["augmented", "stored", "stored and weighted"])
def test_batches_made_ahead_change_no_bit(kind, monkeypatch):
    """In a thread, over the ends of calls and epochs, and behind a state that was restored in the middle."""
    recipe = {"layers": PLAIN, "batch_size": 16, "weighted": "weighted" in kind}
    if kind == "augmented":
        recipe["augment"] = [make(Augmentation, "noise", std=0.2), make(Augmentation, "mixup")]
        monkeypatch.setenv("OMP_NUM_THREADS", "2")  # a core for the thread
    else:
        monkeypatch.setattr(Trainer, "__post_init__", stored(Trainer.__post_init__))
    ahead, _ = trained("torch", "float32", **recipe)
    monkeypatch.undo()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    plain, _ = trained("torch", "float32", **recipe)
    batches = (trainer._run_steps.__self__._batches for trainer in (ahead, plain))
    assert [b._pool is not None for b in batches] == [True, False]
    assert ahead.net.theta.tobytes() == plain.net.theta.tobytes()
    assert ahead.state()[1] == plain.state()[1]
    assert ahead.last_batch.x.tobytes() == plain.last_batch.x.tobytes()
    arrays, state = ahead.state()
    arrays = {name: a.copy() for name, a in arrays.items()}
    ahead.advance(1)
    once = ahead.net.theta.tobytes()
    ahead.restore(arrays, state)
    ahead.advance(1)
    assert ahead.net.theta.tobytes() == once


def stored(begin):
    """The trainer's rows as ones that are read when a batch asks for them."""

    def begun(self):
        self.x = LazyRows(self.x)
        begin(self)

    return begun


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


@pytest.mark.filterwarnings("ignore")  # of PyTorch about itself
@pytest.mark.parametrize("name", ["batch norm and dropout", "table", "group norm"])
def test_torch_compile_traces_networks_in_one_piece(name, monkeypatch):
    """No part of the step falls back to Python (`fullgraph`), and the losses are the same."""
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **how: compile_(f, fullgraph=True, backend="eager", **how))
    _, want = trained("torch", "float32", **NETWORKS[name])
    monkeypatch.setattr(Net.__init__, "__kwdefaults__", Net.__init__.__kwdefaults__ | {"options": COMPILED})
    _, got = trained("torch", "float32", **NETWORKS[name])
    assert got[:, 0] == pytest.approx(want[:, 0], rel=1e-4)


def test_slow_steps_are_compiled_too(monkeypatch):
    """Only the step whose outputs the monitors read is not, however many calls slow steps are cut into."""
    monkeypatch.setattr(trainer_module, "_PATIENCE", 0.0)
    trainer, _ = trained("torch", "float32", batch_size=5)
    training = trainer._run_steps.__self__
    compiled, forward = [], training._forward
    training._forward = lambda *batch: compiled.append(batch) or forward(*batch)
    assert trainer.advance(10) == 10
    assert len(compiled) == 9


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_code_follows(monkeypatch):
    """With PyTorch's own compiler, a shorter last batch and a schedule of the dropout."""
    recipe = {"layers": PLAIN, "dropout_schedule": make(Schedule, "flat_cos")}
    _, want = trained("torch", "float32", **recipe)
    monkeypatch.setattr(Net.__init__, "__kwdefaults__", Net.__init__.__kwdefaults__ | {"options": COMPILED})
    _, got = trained("torch", "float32", **recipe)
    assert got[:, 0] == pytest.approx(want[:, 0], rel=1e-4)


def test_without_a_compiler_compile_is_refused(monkeypatch):
    """Before a run is made, with what is missing."""
    monkeypatch.setenv("CXX", "/nonexistent")
    code = "from trainlab.engine.selection import *; describe('torch', 'float32', TorchOptions('cpu', True))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UserError: train.compile: torch.compile does not work here (" in done.stderr
    assert "Install it, or leave out train.compile" in done.stderr
