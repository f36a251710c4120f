"""Layers and preprocessors in ONNX compute what they compute in trainlab: run by onnxruntime."""

import json
from pathlib import Path

import numpy as np
import pytest
from onnx_files import only_what_all_run, run

from trainlab.core.companion import companions
from trainlab.core.component import find, make, names
from trainlab.core.errors import UserError
from trainlab.data.preprocessor import Preprocessor
from trainlab.engine.network import Net
from trainlab.inference.export.graph import Graph
from trainlab.inference.export.lowering import LAYERS, PREPROCESS, lower_layers, lower_preprocessing
from trainlab.nn.layer import Layer

SETTINGS = {
    "dense": [{"units": 4}, {"units": 3, "bias": False}, {"units": 3, "ntk": True}],
    "drop_connect": [{"units": 4}],
    "member_input": [{"members": 2, "units": 3}],
    "member_dense": [{"members": 3, "units": 2}, {"members": 2, "units": 4, "bias": False, "ntk": True}],
    "maxout": [{"units": 3, "pieces": 3}],
    "embedding": [{"groups": [[0, 2], [4]], "units": 3}, {"groups": [[3, 1, 2, 0, 5, 4]]}],
    "periodic": [{"frequencies": 3}, {"columns": [4, 0]}],
    "conv": [
        {"filters": 3, "size": 3},
        {"filters": 2, "size": [2, 3], "stride": 2, "pad": "same"},
        {"filters": 2, "size": 3, "pad": 1, "bias": False},
        {"filters": 2, "size": 1, "pad": "valid"},
    ],
    "max_pool": [{"size": 2, "stride": 2, "pad": "same"}, {"size": 3, "stride": 2, "pad": 1}],
    "avg_pool": [
        {"size": 2, "stride": 2, "pad": "same"},
        {"size": 3, "stride": 2, "pad": 1},
        {"size": [4, 3], "stride": 3, "pad": "same"},
    ],
    "group_norm": [{"groups": 2}],
    "dropout": [{"mode": "vanilla", "drop": 0.3}, {}],
    "residual": [
        {"layers": [{"name": "conv", "filters": 4}, "relu"]},
        {"layers": [{"name": "conv", "filters": 6, "stride": 2, "pad": "same"}]},
    ],
    "parametric": [{}, {"activation": "mish"}],
    "elu": [{"alpha": 0.7}],
    "leaky_relu": [{"slope": 0.2}],
    "prelu": [{}, {"shared": True}],
    "gelu": [{}, {"approximate": "tanh"}],
}
_LAYERS = """
    clip_output embedding exponential hard_sigmoid softmax softsign avg_pool batch_norm conv dense drop_connect
    dropout elu flatten gelu global_avg_pool group_norm identity instance_norm layer_norm leaky_relu max_pool
    maxout mish parametric periodic prelu relu residual scale selu sigmoid silu softplus tanh
"""
WITH_ONNX = set(_LAYERS.split())  # a component that is not named here may do without
_STEPS = """
    center clip fill minmax normalize pca piecewise_linear quantile robust signs smooth_clip standardize whiten zca
"""
STEPS_WITH_ONNX = set(_STEPS.split())
FLAT = ("clip_output", "dense", "drop_connect", "maxout", "periodic", "embedding")
CASES = [
    (name, settings, (6,) if name in FLAT else (5, 7, 4))
    for name in sorted(WITH_ONNX)
    for settings in SETTINGS.get(name, [{}])
]
CASES += [  # other layers: the settings and shapes of their golden numbers
    (case["name"], case["settings"], np.shape(case["x"])[1:])
    for case in json.loads((Path(__file__).parents[1] / "golden" / "nn.json").read_text())["layers"]
    if case["name"] in companions(LAYERS) - WITH_ONNX
]


def test_lowerings_belong_to_components():
    """The layers and preprocessors named above have one, and none is left over without its component."""
    assert WITH_ONNX <= companions(LAYERS) <= set(names(Layer))
    assert STEPS_WITH_ONNX <= companions(PREPROCESS) <= set(names(Preprocessor))


@pytest.mark.parametrize(("name", "settings", "shape"), CASES)
def test_layer(name, settings, shape):
    """Each layer, in evaluation mode, gives in onnxruntime what its NumPy method gives, to float32's last digits."""
    layer = find(Layer, name).model_validate(settings)
    net = Net([layer], shape)
    rng = np.random.default_rng(3)
    for key, a in net.params.items():
        a[...] = rng.uniform(0.5, 1.5, a.shape) if key.endswith(("var", "scale")) else rng.normal(size=a.shape) * 0.5
        if key.endswith("edges"):
            a.sort()
    work = net.workspace(3, train=False)
    work.x[...] = rng.normal(size=work.x.shape)
    work.forward()
    graph = Graph()
    graph.call(lower_layers(graph, net.nodes, net.params, "x"), "y")
    model = graph.model({"x": (np.float32, shape)}, {"y": (np.float32, net.out_shape)}, {})
    only_what_all_run(model)
    np.testing.assert_allclose(run(model, work.x)["y"], work.y, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("name", sorted(companions(PREPROCESS)))
def test_preprocessor(name, norm):
    """Each preprocessor gives in onnxruntime what trainlab's gives; rows of zeros and values to fill among them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3, 2)) * [1, 20] + [100, -3]
    x[5] = 0.0
    if name == "fill":
        x[2, 1, 0], x[3, 0, 1] = np.nan, np.inf
    step = make(Preprocessor, name, **({"norm": norm} if name == "normalize" else {}))
    learned = step.fit(x)
    want = step.apply(x.astype(np.float32).astype(np.float64), learned)
    graph = Graph()
    fitted = {f"0.{name}.{key}": a for key, a in learned.items()}
    graph.call(lower_preprocessing(graph, [step], fitted, "x", (3, 2)), "y")
    model = graph.model({"x": (np.float32, (3, 2))}, {"y": (np.float32, want.shape[1:])}, {})
    np.testing.assert_allclose(run(model, x.astype(np.float32))["y"], want, rtol=1e-5, atol=1e-5)


def test_quantile_at_ties_and_edges():
    """Ranks of tied values, of a constant feature, and near and beyond the edges, where normal quantiles are steep."""
    rng = np.random.default_rng(0)
    ties = rng.choice([0.0, 0.0, 1.0, 3.0], 60)
    drawn = rng.normal(size=60).astype(np.float32).astype(np.float64)
    rows = np.stack([ties, np.full(60, 7.0), drawn, ties + 1e4], axis=1)
    for noise in (0.0, 1e-5):
        step = make(Preprocessor, "quantile", noise=noise, quantiles=12)
        learned = step.fit(rows)
        x = np.concatenate([rows, [[-1, 6, -9, 0], [9, 8, 9, 2e4], [2, 7, drawn.max() - 1e-6, 10_002]]])
        x = x.astype(np.float32)
        graph = Graph()
        fitted = {f"0.quantile.{key}": a for key, a in learned.items()}
        graph.call(lower_preprocessing(graph, [step], fitted, "x", (4,)), "y")
        model = graph.model({"x": (np.float32, (4,))}, {"y": (np.float32, (4,))}, {})
        only_what_all_run(model)
        np.testing.assert_allclose(run(model, x)["y"], step.apply(x.astype(np.float64), learned), rtol=0, atol=2e-6)


def test_a_feature_far_from_zero_keeps_its_digits():
    """A mean is subtracted in two parts, so that float32 loses nothing that x itself has; what x lacks is said."""
    x = np.array([[2000.0, 1.7e9], [2000.125, 1.7e9 + 128]], np.float32)
    step = make(Preprocessor, "standardize")
    learned = step.fit(x.astype(np.float64) + np.array([1e-3, 3.0]))
    graph = Graph()
    fitted = {f"0.standardize.{key}": a for key, a in learned.items()}
    graph.call(lower_preprocessing(graph, [step], fitted, "x", (2,)), "y")
    model = graph.model({"x": (np.float32, (2,))}, {"y": (np.float32, (2,))}, {})
    np.testing.assert_allclose(run(model, x)["y"], step.apply(x.astype(np.float64), learned), rtol=1e-5)
    assert graph.far == {0, 1}


def test_a_large_input_of_softplus_stays_finite():
    """exp(x) is infinite in float32 from 89 on."""
    net = Net([make(Layer, "softplus")], (2,))
    graph = Graph()
    graph.call(lower_layers(graph, net.nodes, net.params, "x"), "y")
    model = graph.model({"x": (np.float32, (2,))}, {"y": (np.float32, (2,))}, {})
    assert "Softplus" not in {n.op_type for n in model.graph.node}
    assert run(model, np.array([[200.0, -200.0]], np.float32))["y"].tolist() == [[200.0, 0.0]]


class _Unknown(Layer, name="unknown"):
    def out_shape(self, shape):
        return shape

    def forward(self, s):
        s.y[...] = s.x

    def backward(self, s):
        s.dx[...] = s.dy


class _UnknownStep(Preprocessor, name="unknown"):
    def fit(self, x):
        return {}

    def apply(self, x, fitted):
        return x.copy()


def test_components_without_a_lowering_are_named():
    """A layer or a preprocessor that has no ONNX lowering is refused by name when a run is exported."""
    net = Net([make(Layer, "dense", units=2), _Unknown()], (3,))
    with pytest.raises(UserError, match=r"^unknown1: the layer `unknown` cannot be exported to ONNX$"):
        lower_layers(Graph(), net.nodes, net.params, "x")
    with pytest.raises(UserError, match=r"^data.preprocess: `unknown` cannot be exported to ONNX$"):
        lower_preprocessing(Graph(), [_UnknownStep()], {}, "x", (3,))
