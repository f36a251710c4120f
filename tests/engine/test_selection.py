"""The choice of the backend: by settings and by what was built; recorded, and kept when a run resumes."""

import numpy as np
import pytest

from trainlab.core.component import make
from trainlab.core.errors import UserError
from trainlab.core.streams import Streams
from trainlab.core.types import Task
from trainlab.engine import selection
from trainlab.engine.blas import cores, pinned
from trainlab.engine.compiled import build, library
from trainlab.engine.evaluator import Evaluator
from trainlab.engine.network import Net
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.nn.models.sequential import Sequential

needs_kernels = pytest.mark.skipif(library.load() is None, reason="no compiled kernels here")


def test_numpy_is_always_there():
    """`numpy` needs nothing, and its description names the setting."""
    assert selection.select("numpy", np.dtype("float32")).name == "numpy"
    assert selection.describe("numpy") == {"name": "numpy", "reason": "train.engine is numpy"}


def test_float64_runs_on_numpy():
    """Kernels compute in float32: `auto` takes NumPy for float64, `compiled` is refused."""
    assert selection.select("auto", np.dtype("float64")).name == "numpy"
    with pytest.raises(UserError, match=r"train\.engine: there are no compiled kernels"):
        selection.select("compiled", np.dtype("float64"))


def test_a_build_without_a_compiler_makes_nothing(tmp_path, monkeypatch, capsys):
    """A compiler that fails, or is not there, leaves no library behind and is no error."""
    for compiler in ("false", str(tmp_path / "none")):
        monkeypatch.setenv("CC", compiler)
        assert build.build(tmp_path / "out") == []
        assert list((tmp_path / "out").iterdir()) == []
        assert "no kernels for" in capsys.readouterr().err


def test_without_libraries_the_reason_is_given(monkeypatch, tmp_path):
    """If nothing was built, or from other sources, NumPy runs and the description has the reason."""
    monkeypatch.setattr(library, "KERNELS", tmp_path)
    library._found.cache_clear()
    try:
        assert selection.describe() == {"name": "numpy", "reason": "no compiled kernels (no compiler at install)"}
        (tmp_path / "kernels-v3-000000000000.so").touch()
        library._found.cache_clear()
        assert "of other sources" in selection.describe()["reason"]
    finally:
        library._found.cache_clear()


@needs_kernels
def test_a_run_resumes_on_the_backend_that_it_began_on():
    """NumPy stays NumPy; a note is made if the kernels are different, and only then."""
    now = selection.describe()
    assert selection.select_to_resume({"name": "numpy", "reason": ""}, "auto", "float32") == ("numpy", "")
    assert selection.select_to_resume(now, "auto", "float32") == ("auto", "")
    assert selection.select_to_resume(None, "auto", "float32") == ("auto", "")
    engine, note = selection.select_to_resume(now | {"level": "v9", "kernels": "x"}, "auto", "float32")
    assert engine == "auto"
    assert note.startswith("the run began on compiled v9, here it is compiled ")


@needs_kernels
def test_threads_last_as_long_as_the_block(monkeypatch):
    """Inside the block kernels use all cores, or the given number of threads; afterwards as many as before."""
    before = library.load().threads(1)
    with pinned("auto"):
        assert library.load().threads(3) == cores()
    assert library.load().threads(before or 1) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert cores() == 1


@needs_kernels
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "hinge", "binary_cross_entropy", "mse"])
def test_both_backends_evaluate_the_same(loss):
    """Outputs, loss and accuracy over more rows than a batch holds, by kernels and by NumPy."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2500, 6)).astype(np.float32)
    outputs = 1 if loss == "binary_cross_entropy" else 3
    t = rng.integers(0, 2, (2500, 1)).astype(np.float32) if outputs == 1 else rng.integers(0, 3, 2500)
    layers = [Layer.read(layer) for layer in ({"dense": 9}, "relu", "batch_norm", {"dropout": 0.5}, {"dense": outputs})]
    found = {}
    for engine in ("numpy", "compiled"):
        net = Net(layers, (6,), engine=engine)
        net.initialize(Sequential(layers=layers), Streams(3))
        evaluator = Evaluator(net, make(Loss, loss), Task("classification", max(2, outputs)))
        weights = np.resize([0.5, 2.0, 0.0], len(x)).astype(np.float32)
        found[engine] = evaluator.scores(x, t), evaluator.outputs(x), evaluator.scores(x, t, weights)
    (one, y, weighted), (other, z, again) = found["numpy"], found["compiled"]
    assert other.loss == pytest.approx(one.loss, rel=1e-5)
    assert again.loss == pytest.approx(weighted.loss, rel=1e-5)
    assert weighted.loss != pytest.approx(one.loss, rel=1e-4)
    assert again.score == weighted.score == other.score == one.score
    assert z == pytest.approx(y, rel=1e-4, abs=1e-5)
