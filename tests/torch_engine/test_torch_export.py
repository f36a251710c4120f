"""The PyTorch modules that `trainlab export --torch` writes give what `predict` gives."""

import importlib.util

import numpy as np
import pytest
from safetensors.numpy import save

torch = pytest.importorskip("torch")

from nn_cases import ALL  # noqa: E402 - only with PyTorch
from whole_networks import NETWORKS  # noqa: E402

from trainlab.core.component import find, names  # noqa: E402
from trainlab.core.errors import UserError  # noqa: E402
from trainlab.data.preprocessor import Preprocessor  # noqa: E402
from trainlab.inference.ensemble.ensemble import Ensemble  # noqa: E402
from trainlab.inference.export.torch_module import as_torch, export_torch  # noqa: E402
from trainlab.inference.loading import load_model  # noqa: E402
from trainlab.inference.model import TrainedNetwork  # noqa: E402
from trainlab.nn.layer import Layer, Slot  # noqa: E402
from trainlab.nn.loss import Loss  # noqa: E402
from trainlab.store.folder import RunFolder  # noqa: E402
from trainlab.training.experiment import read_plain  # noqa: E402
from trainlab.training.train import train  # noqa: E402


def module_of(file):
    """The written file, imported."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exported(tmp_path, x, y, **config):
    """A trained run's model, and the module that was written of it. Its file needs nothing of trainlab."""
    np.savez(tmp_path / "rows.npz", x=x, y=y)
    data = {"name": "npz", "path": str(tmp_path / "rows.npz"), **config.pop("data", {})}
    settings = {"data": data, "train": {"epochs": 2, "batch_size": 16}, **config}
    result = train(read_plain(settings, source="test"), runs=tmp_path / "runs", name="n")
    export_torch(result.folder, tmp_path / "written.py")
    assert "import trainlab" not in (tmp_path / "written.py").read_text()
    return load_model(result.folder, tmp_path)[1], module_of(tmp_path / "written.py").load()


def same(model, network, x):
    """Outputs, predictions and probabilities agree."""
    y = model.outputs(model.prepared(x))
    given = torch.from_numpy(x)
    with torch.no_grad():
        assert network(given).numpy() == pytest.approx(y, rel=1e-4, abs=2e-5)
    want = model.answers(y)
    assert network.predict(given).numpy() == pytest.approx(want, rel=1e-4, abs=1e-4)
    if (certain := model.loss.probabilities(y)) is not None and model.task.kind != "regression":
        assert network.probabilities(given).numpy() == pytest.approx(certain, abs=1e-5)


RNG = np.random.default_rng(0)
ROWS, IMAGES = RNG.normal(size=(80, 6)), RNG.normal(size=(80, 6, 5, 2))
CLASSES = np.arange(80) % 3


@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks(name, tmp_path):
    """Twenty networks, their loss and outputs included."""
    recipe = NETWORKS[name]
    loss = Loss.read(recipe.get("loss", "softmax_cross_entropy"))
    x = RNG.normal(size=(80, *recipe.get("shape", (6,))))
    y = CLASSES
    data = {}
    if loss.tasks == ("regression",) or recipe.get("numbers"):
        y = np.abs(RNG.normal(size=(80, 2)))
    elif recipe.get("labels"):
        y, data = RNG.integers(0, 2, (80, 3)), {"task": "multilabel"}
    same(
        *exported(
            tmp_path,
            x,
            y,
            data=data,
            loss=recipe.get("loss", "auto"),
            model={"name": "sequential", "layers": [*recipe["layers"]]},
        ),
        x,
    )


@pytest.mark.parametrize("name", names(Preprocessor))
def test_every_preprocessor(name, tmp_path):
    """On rows, and on images where it takes them."""
    x = ROWS * 3 + 1e3
    x[::7, 2] = np.nan if name == "fill" else 0.0
    steps = [{"name": name}, "standardize"] if name != "normalize" else [{"normalize": "l1"}]
    if name == "piecewise_linear":
        steps = [{"name": name, "bins": 4}]
    settings = {"preprocess": steps, "scale_target": True} if name == "clip" else {"preprocess": steps}
    y = ROWS[:, :1] if name == "clip" else CLASSES
    same(*exported(tmp_path, x, y, data=settings, model={"name": "mlp", "hidden": [8]}), x)


@pytest.mark.parametrize("loss", [n for n in names(Loss) if n not in ("ordinal",)])
def test_every_loss(loss, tmp_path):
    """What the outputs mean."""
    found = find(Loss, loss)
    y = CLASSES % (2 if loss == "binary_cross_entropy" else 3)
    if found.tasks[0] == "regression":
        y = np.abs(ROWS[:, :2]) + 0.1
        y = y / y.sum(axis=1, keepdims=True) if loss == "kl_divergence" else y
    same(*exported(tmp_path, ROWS, y, loss=loss, model={"name": "mlp", "hidden": [8]}), ROWS)


WRITTEN = [c for c in ALL if not c.layer.branches(c.shape)]


@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_every_layer(case):
    """A module of its own gives in evaluation what the layer gives, channels first."""
    s = case.slot(9, train=False, dtype=np.float64)
    if not case.layer.view:
        case.layer.forward(s)
    y = s.x.reshape(9, *case.layer.out_shape(case.shape)) if case.layer.view else s.y
    code = case.layer.torch_code(case.shape, s.p)
    space = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional}
    for text in code.classes.values():
        exec(text, space)  # noqa: S102 - the source that is tested
    module = eval(code.module, space).double().eval()  # noqa: S307
    module.load_state_dict({k: torch.from_numpy(np.ascontiguousarray(a)) for k, a in code.state.items()})
    x = torch.from_numpy(s.x)
    with torch.no_grad():
        got = module(x.permute(0, 3, 1, 2) if x.ndim == 4 else x)
    got = got.permute(0, 2, 3, 1) if got.ndim == 4 else got
    assert got.numpy() == pytest.approx(y, rel=1e-6, abs=1e-8)


def test_what_cannot_be_written(tmp_path):
    """A layer without a source, and a name that is none of Python's, are refused by name."""

    class Mirrored(Layer, name="mirrored"):
        def out_shape(self, shape):
            return shape

        def forward(self, s: Slot):
            s.y[...] = -s.x

        def backward(self, s: Slot):
            s.dx[...] = -s.dy

    from trainlab.engine.graph import build_graph
    from trainlab.inference.export.torch_module import _code

    with pytest.raises(UserError, match="mirrored1: the layer `mirrored` cannot be written as a PyTorch module"):
        _code(build_graph([Mirrored()], (3,))[0], {})
    with pytest.raises(UserError, match="expected the name of a Python module"):
        export_torch("x", tmp_path / "two words.py")


@pytest.mark.parametrize("loss", [n for n in names(Loss) if n not in ("ordinal",)])
def test_members_inside_one_network(loss, tmp_path):
    """Their outputs become those of one network, as `predict` makes them."""
    found = find(Loss, loss)
    y = CLASSES % (2 if loss in ("binary_cross_entropy", "binary_hinge") else 3)
    if found.tasks[0] == "regression":
        y = np.abs(ROWS[:, :2]) + 0.1
        y = y / y.sum(axis=1, keepdims=True) if loss == "kl_divergence" else y
    model = {"name": "mlp", "hidden": [8, 8]}
    settings = {"epochs": 2, "batch_size": 16, "members": 3}
    same(*exported(tmp_path, ROWS, y, loss=loss, model=model, train=settings), ROWS)


TARGETS = {
    "classes": CLASSES,
    "two classes": CLASSES % 2,
    "numbers": ROWS[:, :2] * 5 + 3,
    "quantiles": ROWS[:, :2] * 5 + 3,
    "counts": np.abs(ROWS[:, :2]).round(),
    "sizes": np.abs(ROWS[:, :2]),
    "shares": np.abs(ROWS[:, :2]) / np.abs(ROWS[:, :2]).sum(axis=1, keepdims=True),
    "labels": (ROWS[:, :3] > 0) * 1,
}


@pytest.mark.parametrize("by", ["probabilities", "logits", "vote"])
@pytest.mark.parametrize("kind", TARGETS)
def test_ensembles(by, kind, tmp_path):
    """Networks with preprocessing and scales of their own, as the ensemble predicts."""
    if by == "vote" and kind == "labels":
        pytest.skip("labels are not voted on")
    np.savez(tmp_path / "rows.npz", x=ROWS, y=TARGETS[kind])
    runs = []
    for seed, steps in ((1, ["standardize"]), (2, ["minmax"])):
        data = {"name": "npz", "path": str(tmp_path / "rows.npz"), "seed": 0, "preprocess": steps}
        data |= {"scale_target": seed == 1} if kind in ("numbers", "quantiles") else {}
        data |= {"task": "multilabel"} if kind == "labels" else {}
        chosen = {"two classes": "binary_cross_entropy", "quantiles": {"pinball": [0.1, 0.5, 0.9]}}
        chosen |= {"counts": "poisson", "sizes": "msle", "shares": "kl_divergence"}
        loss = {"loss": chosen[kind]} if kind in chosen else {}
        settings = {"seed": seed, "data": data, "model": {"name": "mlp", "hidden": [8]}, "train": {"epochs": 3}, **loss}
        runs.append(train(read_plain(settings, source="test"), runs=tmp_path / "runs", name="n").folder)
    ensemble = Ensemble.of([TrainedNetwork.load(RunFolder(run)) for run in runs], by, np.array([0.7, 0.3]))
    written = as_torch(ensemble, "both", "both.safetensors")
    (tmp_path / "both.py").write_text(written.source)
    (tmp_path / "both.safetensors").write_bytes(save({k: np.ascontiguousarray(a) for k, a in written.state.items()}))
    network, y = module_of(tmp_path / "both.py").load(), ensemble.outputs(ensemble.prepared(ROWS))
    given = torch.from_numpy(ROWS)
    assert network.predict(given).numpy() == pytest.approx(ensemble.answers(y), rel=1e-5, abs=1e-5)
    certain, sort = ensemble.certainty(y)
    if sort != "votes" or ensemble.task.kind == "regression":
        assert network(given).detach().numpy() == pytest.approx(y, rel=1e-4, abs=1e-4)
    if ensemble.task.kind != "regression" and sort == "probability":
        assert network.probabilities(given).numpy() == pytest.approx(certain, abs=1e-5)
    if sort == "votes" and ensemble.task.kind != "regression":
        assert network(given).detach().numpy() == pytest.approx(certain, abs=1e-6)


@pytest.mark.parametrize("kind", ["network", "members", "ensemble"])
def test_levels(kind, tmp_path):
    """The loss `ordinal`, of a table with ordered classes."""
    rows = "".join(f"{a:.4f},{b:.4f},{'abc'[c]}\n" for (a, b), c in zip(ROWS[:, :2], CLASSES, strict=True))
    (tmp_path / "rows.csv").write_text("p,q,level\n" + rows)
    data = {
        "name": "csv",
        "path": str(tmp_path / "rows.csv"),
        "target": "level",
        "task": "ordinal",
        "classes": ["a", "b", "c"],
    }
    members = 3 if kind == "members" else 1
    settings = {"data": data, "loss": "ordinal", "model": {"name": "mlp", "hidden": [8]}}
    runs = [
        train(
            read_plain(settings | {"seed": seed, "train": {"epochs": 2, "members": members}}, source="test"),
            runs=tmp_path / "runs",
            name="n",
        ).folder
        for seed in (1, 2)
    ]
    model = TrainedNetwork.load(RunFolder(runs[0]))
    if kind == "ensemble":
        model = Ensemble.of([model, TrainedNetwork.load(RunFolder(runs[1]))], "probabilities", np.array([0.5, 0.5]))
    written = as_torch(model, "level", "level.safetensors")
    (tmp_path / "level.py").write_text(written.source)
    (tmp_path / "level.safetensors").write_bytes(save({k: np.ascontiguousarray(a) for k, a in written.state.items()}))
    module = module_of(tmp_path / "level.py")
    assert (module.FEATURES, module.NAMES) == (["p", "q"], ["a", "b", "c"])
    network, y = module.load(), model.outputs(model.prepared(ROWS[:, :2]))
    given = torch.from_numpy(ROWS[:, :2])
    assert network.predict(given).numpy() == pytest.approx(model.answers(y))
    assert network.probabilities(given).numpy() == pytest.approx(model.certainty(y)[0], abs=1e-5)
