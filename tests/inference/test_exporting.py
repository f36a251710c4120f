"""ONNX files answer as trainlab does: run by onnxruntime, an engine that knows nothing of ours."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx_files import only_what_all_run, onnx, run
from sklearn.datasets import load_breast_cancer

from trainlab.core.errors import UserError
from trainlab.inference.ensemble.combining import Method
from trainlab.inference.ensemble.ensemble import Ensemble
from trainlab.inference.evaluate import predicted
from trainlab.inference.export.checking import load_once
from trainlab.inference.export.export import OnnxOptions, as_onnx, export_onnx, raw_shape
from trainlab.inference.export.graph import OLDEST, OPSET, Graph
from trainlab.inference.export.torch_module import as_torch
from trainlab.inference.model import TrainedNetwork
from trainlab.nn.losses._numbers import NumberLoss
from trainlab.nn.losses.mse import MSE
from trainlab.store.decision import Decision, Threshold
from trainlab.store.folder import RunFolder
from trainlab.training.experiment import read_plain
from trainlab.training.train import train


def trained(tmp: Path, **settings) -> TrainedNetwork:
    config = {key.replace("__", "."): value for key, value in settings.items()}
    base = {"data": {"name": "iris", "preprocess": ["standardize"]}, "train": {"epochs": 3}, "model": "mlp"}
    return TrainedNetwork.load(RunFolder(train(read_plain(base, config), runs=tmp).folder))


def same(network: TrainedNetwork | Ensemble, x: np.ndarray | None = None) -> None:
    """Asserts that raw rows, random ones by default, get the same answers from the ONNX file as from trainlab."""
    if x is None:
        x = np.random.default_rng(1).normal(size=(64, *raw_shape(network.encoding))).astype(np.float32) * 3 + 3
    model = as_onnx(network)[0]
    only_what_all_run(model)
    want, got = predicted(network, x), run(model, x)
    if not want.classes:
        np.testing.assert_allclose(got["prediction"], want.values, rtol=1e-4, atol=1e-4)
        if want.quantiles is not None:
            np.testing.assert_allclose(got["quantiles"], want.quantiles, rtol=1e-4, atol=1e-4)
        return
    assert want.certainty is not None
    np.testing.assert_allclose(got[want.measure], want.certainty, rtol=1e-4, atol=1e-5)
    ordered = np.sort(want.certainty, axis=1)
    clear = (ordered[:, -1] - ordered[:, -2] > 1e-6) | (
        want.measure == "votes"
    )  # float32 cannot rank equal probabilities
    assert clear.mean() > 0.8
    assert [network.classes[i] for i in got["prediction"][clear]] == want.values[clear].tolist()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "hinge"},
        {"loss": "kl_divergence"},
        {"data__preprocess": ["quantile"]},
        {"data__name": "breast_cancer", "loss": "binary_cross_entropy"},
        {"data__name": "diabetes", "data__scale_target": True},
        {"data__name": "digits", "model": "cnn", "train__epochs": 1},
        {"data__preprocess": ["robust", {"name": "pca", "keep": 3}]},
        {"train__dtype": "float64"},
        {"calibrate": "temperature"},
        {"data__name": "breast_cancer", "loss": "binary_cross_entropy", "calibrate": "temperature"},
    ],
    ids=lambda s: " ".join(f"{k}={v}" for k, v in s.items()) or "plain",
)
def test_networks(tmp_path, settings):
    """Whole networks with their preprocessing, of every kind of answer."""
    same(trained(tmp_path, **settings))


def test_clipped_outputs(tmp_path):
    """The range of the training targets goes into the ONNX file."""
    model = {"name": "mlp", "hidden": [8], "clip_output": True}
    same(trained(tmp_path, data={"name": "diabetes"}, model=model, optimizer={"name": "adam", "lr": 0.3}))


def test_levels(tmp_path, monkeypatch):
    """The probabilities of levels with an order."""
    monkeypatch.chdir(tmp_path)
    cells = np.random.default_rng(0).normal(range(4), 0.5, (30, 4))
    rows = [f"{x:.2f},{'abcd'[i]}" for row in cells for i, x in enumerate(row)]
    (tmp_path / "t.csv").write_text("x,y\n" + "\n".join(rows) + "\n")
    same(
        trained(
            tmp_path,
            data={"name": "csv", "path": "t.csv", "target": "y", "task": "ordinal", "classes": list("abcd")},
            loss="ordinal",
        )
    )


def test_a_table_with_categories(tmp_path, monkeypatch):
    """Preprocessors that act on some columns, one of them with fewer columns behind it, do so in the ONNX file."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{'xyz'[i % 3]},{b:.3f},{i % 2}" for i, (a, b) in enumerate(rng.normal(size=(60, 2)))]
    (tmp_path / "t.csv").write_text("a,c,b,y\n" + "\n".join(rows) + "\n")
    steps = [
        "standardize",
        "robust",
        "smooth_clip",
        "signs",
        {"name": "piecewise_linear", "bins": 4},
        {"name": "pca", "keep": 1},
        {"standardize": {"columns": "all"}},
    ]
    same(trained(tmp_path, data={"name": "csv", "path": "t.csv", "target": "y", "preprocess": steps}))


@pytest.mark.parametrize("method", ["probabilities", "logits", "vote"])
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "binary_cross_entropy"])
def test_ensembles(tmp_path, method: Method, loss):
    """Ensembles, by every way of combining."""
    members = [trained(tmp_path, data__name="breast_cancer", loss=loss, seed=s, data__seed=0) for s in range(3)]
    same(Ensemble.of(members, method, np.array([0.5, 0.3, 0.2])))


@pytest.mark.parametrize("method", ["probabilities", "logits"])
@pytest.mark.parametrize(
    ("loss", "target", "scaled"),
    [
        ("poisson", ["n"], False),
        ("kl_divergence", ["p", "q"], False),
        ("msle", ["n"], False),
        ("mae", ["a", "n"], True),
        ({"pinball": [0.1, 0.5, 0.9]}, ["a", "n"], True),
    ],
    ids=str,
)
def test_ensembles_of_numbers(tmp_path, monkeypatch, method: Method, loss, target, scaled):
    """Members whose outputs are bent by the loss, and members with targets of other scales and several quantiles.

    By default what they predict is averaged, by logits what their networks put out.
    """
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    shares = rng.uniform(size=90).round(3)
    rows = [
        f"{x:.3f},{3 * x + 50:.3f},{rng.poisson(np.exp(x / 2))},{p},{1 - p:.3f}"
        for x, p in zip(rng.normal(size=90), shares, strict=True)
    ]
    (tmp_path / "t.csv").write_text("x,a,n,p,q\n" + "\n".join(rows) + "\n")
    drop = [name for name in ("a", "n", "p", "q") if name not in target]
    data = {"name": "csv", "path": "t.csv", "target": target, "drop": drop, "task": "regression"}
    settings = {"loss": loss, "optimizer": {"name": "adam", "lr": 0.03}}
    members = [trained(tmp_path, data=data | {"scale_target": scaled, "seed": s}, seed=s, **settings) for s in range(3)]
    x, weights = rng.normal(size=(40, 1)).astype(np.float32) * 3, np.array([0.5, 0.3, 0.2])
    ensemble = Ensemble.of(members, method, weights)
    same(ensemble, x)
    each, together = [predicted(member, x) for member in members], predicted(ensemble, x)
    mean = np.average([one.values for one in each], axis=0, weights=weights)
    if method == "probabilities":
        np.testing.assert_allclose(together.values, mean, rtol=1e-5)
        if together.quantiles is not None:
            quantiles = np.average([one.quantiles for one in each], axis=0, weights=weights)
            np.testing.assert_allclose(together.quantiles, quantiles, rtol=1e-5)
    elif loss in ("poisson", "kl_divergence"):
        assert np.abs(together.values - mean).max() > 1e-3


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "binary_cross_entropy"])
def test_thresholds(tmp_path, loss):
    """A threshold moves the labels of a network, of an ensemble, and of the members that vote, and no probability."""
    plain = [trained(tmp_path, data__name="breast_cancer", loss=loss, seed=s, data__seed=0) for s in range(2)]
    rows = load_breast_cancer().data.astype(np.float32)
    for positive in plain[0].classes:
        chosen = [replace(member, decision=Decision(None, Threshold(0.9, positive), member.epoch)) for member in plain]
        same(chosen[0], rows)
        half = np.array([0.5, 0.5])
        same(Ensemble.of(chosen, "vote", half), rows)
        same(
            replace(Ensemble.of(plain, "probabilities", half), decision=Decision(None, Threshold(0.9, positive))), rows
        )
        x, _ = plain[0].rows("val")
        y = plain[0].outputs(x)
        column = plain[0].classes.index(positive)
        reached = plain[0].certainty(y)[0][:, column] >= 0.9
        assert (chosen[0].answers(y) == np.where(reached, column, 1 - column)).all()
        assert np.count_nonzero(chosen[0].answers(y) != plain[0].answers(y)) > 0


class Squared(NumberLoss, name="squared_outputs"):
    """Predicts the square of the output."""

    def each(self, s):
        """Nothing is wrong."""
        return np.zeros(len(s.y))

    def chance(self, t, task):
        """Nor by chance."""
        return 0.0

    def point(self, y):
        """The square."""
        return y**2


class Doubtful(MSE, name="doubtful"):
    """An MSE of classes with probabilities of its own."""

    def probabilities(self, y):
        """All alike."""
        return np.full(y.shape, 1 / y.shape[1])


@pytest.mark.parametrize("loss", [Squared(), Doubtful()], ids=lambda loss: loss.name)
def test_a_loss_that_the_file_does_not_know_is_refused(tmp_path, loss):
    """One whose predictions are not its outputs, such as one of a plugin: a file would give other numbers."""
    kind = loss.tasks[-1]
    network = trained(tmp_path, data__name="iris" if kind == "classification" else "diabetes", train__epochs=0)
    with pytest.raises(UserError, match=rf"^the loss `{loss.name}` makes predictions .* that cannot be exported$"):
        as_onnx(replace(network, loss=loss))
    with pytest.raises(UserError, match=loss.name):
        as_torch(replace(network, loss=loss), "n", "n.safetensors")


def test_a_network_that_diverged_is_refused(tmp_path):
    """Weights that are no numbers make no file; an ensemble with such a member neither."""
    networks = [trained(tmp_path, train__epochs=0, seed=seed, data__seed=0) for seed in range(2)]
    networks[1].net.params["dense2.W"][3, 0] = np.nan
    both = Ensemble.of(networks, "probabilities", np.array([0.5, 0.5]))
    for refused in (networks[1], both):
        with pytest.raises(UserError, match=r"^dense2\.W of the network is not finite: the run diverged"):
            as_onnx(refused)
        with pytest.raises(UserError, match=r"^dense2\.W of the network is not finite"):
            as_torch(refused, "n", "n.safetensors")


def test_the_file_tells_of_columns_and_classes(tmp_path):
    """The model's metadata name the columns and classes; the file is read back by onnx."""
    folder = train(read_plain({"data": "iris", "train": {"epochs": 0}}), runs=tmp_path).folder
    export_onnx(folder, tmp_path / "iris.onnx")
    props = {p.key: p.value for p in onnx.load(tmp_path / "iris.onnx").metadata_props}
    assert props["trainlab.classes"] == '["setosa", "versicolor", "virginica"]'
    assert "petal width (cm)" in props["trainlab.columns"]


def dtypes(model) -> set[int]:
    """The types of all arrays of a model."""
    return {a.data_type for a in model.graph.initializer}


def test_no_number_of_a_file_is_float64(tmp_path):
    """A network of float64 is written as float32: many runtimes have no operations for float64."""
    network = trained(tmp_path, train__dtype="float64", data__preprocess=["fill", "standardize", "normalize", "pca"])
    assert dtypes(as_onnx(network)[0]) <= {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}


def test_operations_are_old_and_of_the_core(tmp_path):
    """Opset 17, and nothing outside the core domain; the other opsets give the same numbers."""
    network = trained(tmp_path, data__name="digits", model="cnn", train__epochs=1)
    plain, _ = as_onnx(network)
    assert [(o.domain, o.version) for o in plain.opset_import] == [("", 17)]
    x = np.random.default_rng(2).uniform(0, 16, (4, 8, 8, 1)).astype(np.float32)
    want = run(plain, x)["probability"]
    for opset in (OLDEST, OPSET + 1, 21):
        model, _ = as_onnx(network, OnnxOptions(opset=opset))
        assert model.opset_import[0].version == opset
        np.testing.assert_allclose(run(model, x)["probability"], want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("opset", [OLDEST - 1, 10_000])
def test_an_opset_that_is_not_written_is_refused(opset):
    """Too old, or newer than the package onnx knows."""
    with pytest.raises(UserError, match=rf"^--opset {opset}: give a number from 13 to \d+; without it, 17$"):
        Graph(opset)


def test_the_rows_can_be_fixed(tmp_path):
    """The shapes then say so, and the answers are the same."""
    network = trained(tmp_path, data__name="digits", model="cnn", train__epochs=1)
    model, _ = as_onnx(network, OnnxOptions(rows=3))
    x = np.random.default_rng(2).uniform(0, 16, (3, 8, 8, 1)).astype(np.float32)
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [3, 8, 8, 1]
    np.testing.assert_array_equal(run(model, x)["probability"], run(as_onnx(network)[0], x)["probability"])


def test_the_outputs_can_be_chosen(tmp_path):
    """One of the two; a regression has no probabilities."""
    network = trained(tmp_path)
    x = np.zeros((2, 4), np.float32)
    assert set(run(as_onnx(network, OnnxOptions(outputs="probability"))[0], x)) == {"probability"}
    assert set(run(as_onnx(network, OnnxOptions(outputs="prediction"))[0], x)) == {"prediction"}
    with pytest.raises(UserError, match="a regression has no probabilities"):
        as_onnx(trained(tmp_path, data__name="diabetes"), OnnxOptions(outputs="probability"))


def test_the_preprocessing_can_be_left_out(tmp_path):
    """Then x is preprocessed rows; members that preprocess differently have no x in common."""
    members = [trained(tmp_path), trained(tmp_path, seed=1, data__preprocess=["minmax"])]
    x = np.random.default_rng(1).uniform(0, 6, (8, 4)).astype(np.float32)
    bare, _ = as_onnx(members[0], OnnxOptions(preprocess=False))
    got, want = run(bare, members[0].prepared(x).astype(np.float32)), run(as_onnx(members[0])[0], x)
    np.testing.assert_allclose(got["probability"], want["probability"], rtol=1e-5, atol=1e-7)
    both = Ensemble.of(members, "probabilities", np.array([0.5, 0.5]))
    with pytest.raises(UserError, match="preprocess their rows differently"):
        as_onnx(both, OnnxOptions(preprocess=False))


def test_a_file_is_run_once_before_it_is_written(monkeypatch):
    """By ONNX Runtime, or by onnx itself where that is missing; what does not run is an error that says by what."""
    graph = Graph()
    graph.call(graph.add("Reshape", "x", graph.constant([7, 7], "shape")), "y")
    broken = graph.model({"x": (np.float32, (2,))}, {"y": (np.float32, (7,))}, {}).SerializeToString()
    with pytest.raises(UserError, match=r"^ONNX Runtime \S+ cannot run the exported file: "):
        load_once(broken)
    graph = Graph()
    graph.call(graph.add("Relu", "x"), "y")
    fine = graph.model({"x": (np.float32, (2,))}, {"y": (np.float32, (2,))}, {}).SerializeToString()
    assert load_once(fine).startswith("ONNX Runtime ")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert load_once(fine).startswith("the reference evaluator of onnx ")
    with pytest.raises(UserError, match=r"^the reference evaluator of onnx \S+ cannot run the exported file: "):
        load_once(broken)


def test_a_table_without_missing_values_has_no_marks(tmp_path):
    """No operation picks no columns: OpenVINO and tinygrad refuse the file then."""
    network = trained(tmp_path, data={"name": "iris"}, model="tabular", train__epochs=1)
    model = as_onnx(network)[0]
    assert [i.name for i in model.graph.initializer if 0 in i.dims] == []
    same(network)
