"""Layers that make several numbers of a column: their bins and values are those of the papers' own code."""

import numpy as np
import pytest

from trainlab.core.errors import ShapeError, UserError
from trainlab.core.streams import Streams
from trainlab.engine.network import Net
from trainlab.nn.layer import Layer
from trainlab.nn.models.sequential import Sequential
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build


def table():
    """400 rows: heavy tails, 0 and 1, half of them 0; and numbers that depend on them."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=400) ** 3, rng.integers(0, 2, 400), np.maximum(rng.normal(size=400), 0)])
    x = x.round(2)
    return x, (x[:, 0] > 0.5) * 2.0 + np.sin(x[:, 2] * 3)


def fitted(x, y, **settings):
    """A network of one piecewise_linear, fitted."""
    net = Net([Layer.read({"name": "piecewise_linear", **settings})], x.shape[1:], dtype="float64")
    net.fit(x, y)
    return net


def outputs(net, rows):
    """What it makes of rows."""
    work = net.workspace(len(rows), train=False)
    work.x[...] = rows
    work.forward()
    return work.y


# rtdl_num_embeddings.compute_bins (yandex-research/rtdl-num-embeddings@a8fc2502), with 5 bins; the trees with
# min_samples_leaf 64 and min_impurity_decrease 1e-4
QUANTILES = [[-53.68, -0.65, -0.034, 0.01, 0.522, 28.82], [0.0, 1.0], [0.0, 0.122, 0.67, 2.49]]
OF_NUMBERS = [[-53.68, -0.165, 0.015, 0.51, 28.82], [0.0, 0.5, 1.0], [0.0, 0.015, 0.775, 2.49]]
OF_CLASSES = [[-53.68, 0.51, 28.82], [0.0, 0.5, 1.0], [0.0, 0.305, 0.765, 2.49]]


@pytest.mark.parametrize(
    ("by", "classes", "want"),
    [("quantiles", False, QUANTILES), ("tree", False, OF_NUMBERS), ("tree", True, OF_CLASSES)],
)
def test_bins_are_those_of_the_papers_code(by, classes, want):
    """Edges by quantiles, by a tree on numbers, by a tree on classes; the last edge fills the bins that are left."""
    x, y = table()
    edges = fitted(x, (y > 1).astype(np.int64) if classes else y[:, None], bins=5, by=by).params[
        "piecewise_linear1.edges"
    ]
    for got, edge in zip(edges, want, strict=True):
        assert got == pytest.approx(np.array(edge + [edge[-1]] * (6 - len(edge))), abs=1e-6)


def test_a_tree_makes_no_more_bins_than_there_are():
    """On a column that a tree would split everywhere it stops at `bins` leaves."""
    x = np.arange(2000.0)[:, None]
    edges = fitted(x, x, bins=4, by="tree").params["piecewise_linear1.edges"][0]
    assert edges == pytest.approx([0, 499.5, 999.5, 1499.5, 1999], abs=1)


def test_values_are_those_of_the_papers_code():
    """What rtdl's PiecewiseLinearEncoding gives, which leaves out bins that are not there; here they are 0."""
    net = fitted(*table(), bins=5)
    got = outputs(net, np.array([[0.3, 1, 0.5], [-50, 0, 9]])).reshape(2, 3, 5)
    want = [
        [[1.0, 1.0, 1.0, 0.56641, 0.0], [1.0, 0, 0, 0, 0], [1.0, 0.68978, 0.0, 0, 0]],
        [[0.06939, 0.0, 0.0, 0.0, 0.0], [0.0, 0, 0, 0, 0], [1.0, 1.0, 4.57692, 0, 0]],
    ]
    assert got == pytest.approx(np.array(want), abs=1e-5)


def test_a_column_without_spread_or_numbers():
    """A constant column and one without any finite number give 0, whatever comes later."""
    x = np.array([[3.0, np.nan], [3.0, np.nan]])
    net = fitted(x, np.zeros((2, 1)), bins=2)
    assert not outputs(net, np.array([[7.0, 1.0]])).any()


def test_other_columns_follow():
    """With `columns`, the others stand unchanged behind the outputs, in their order."""
    x, y = table()
    net = fitted(x, y[:, None], bins=5, columns=[2])
    assert net.out_shape == (7,)
    assert outputs(net, x[:9])[:, 5:].tolist() == x[:9, :2].tolist()


@pytest.mark.parametrize("columns", [[3], [-1], [0, 0], []])
def test_columns_that_are_not_there(columns):
    """Indices out of range, repeated or none at all are errors of the layer."""
    with pytest.raises(ShapeError, match="columns must be different indices from 0 to 2"):
        Net([Layer.read({"name": "periodic", "columns": columns})], (3,))


def test_it_is_fitted_to_the_training_rows_of_a_run():
    """A run sets the edges before its first step, from its own preprocessed training rows, behind other layers too."""
    layers = ["scale", {"piecewise_linear": {"bins": 4}}, {"dense": "output"}]
    setup = build(
        read_plain(
            {"data": {"name": "iris", "preprocess": ["standardize"]}, "model": {"name": "sequential", "layers": layers}}
        )
    )
    edges = setup.net.params["piecewise_linear1.edges"]
    assert edges == pytest.approx(np.quantile(setup.parts.train.x, [0, 0.25, 0.5, 0.75, 1], axis=0).T, abs=1e-6)


def test_it_stands_outside_of_other_layers():
    """Inside a residual layer it would not be fitted: refused."""
    net = Net([Layer.read({"residual": [{"piecewise_linear": {"bins": 1}}]})], (3,))
    with pytest.raises(UserError, match=r"^model: residual1 holds a layer that is fitted to the training rows"):
        net.fit(np.zeros((5, 3)), np.zeros(5))


def test_a_category_becomes_its_vector():
    """Each group's part of y is the vector of its category, 0 where a row has none; the other columns follow."""
    net = Net([Layer.read({"name": "embedding", "groups": [[1, 3], [0]], "units": 4})], (5,), dtype="float64")
    net.initialize(Sequential(layers=[Layer.read("relu")]), Streams(0))
    vectors = net.params["embedding1.vectors"]
    got = outputs(net, np.array([[1.0, 0, 9, 1, 7], [0, 0, 8, 0, 6]]))
    assert got.tolist() == [[*vectors[1], *vectors[2], 9, 7], [0.0] * 8 + [8, 6]]


def test_vectors_begin_as_the_paper_says():
    """The numbers of the vectors are standard normal."""
    net = Net([Layer.read({"name": "embedding", "groups": [list(range(300))]})], (300,))
    net.initialize(Sequential(layers=[Layer.read("relu")]), Streams(0))
    assert net.params["embedding1.vectors"].std() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("groups", [[[0, 5]], [[0], [0]], [[]], []])
def test_groups_that_are_not_there(groups):
    """Indices out of range, in two groups, or none at all are errors of the layer."""
    with pytest.raises(ShapeError, match=r"embedding: (groups must be lists|there is no column 5)"):
        Net([Layer.read({"name": "embedding", "groups": groups})], (5,))


def test_waves_begin_as_the_paper_says():
    """Frequencies are normal with deviation sigma, phases uniform over a turn, the mixture within 1 / sqrt(waves)."""
    layers = [{"periodic": {"frequencies": 400}}, {"dense": "output"}]
    setup = build(read_plain({"data": "wine", "model": {"name": "sequential", "layers": layers}}))
    p = {key: setup.net.params[f"periodic1.{key}"] for key in ("frequency", "phase", "W", "b")}
    assert p["frequency"].std() == pytest.approx(0.1, rel=0.05)
    assert (np.abs(p["phase"]).max(), p["phase"].std()) == (
        pytest.approx(np.pi, rel=0.01),
        pytest.approx(1.81, rel=0.02),
    )
    assert (np.abs(p["W"]).max(), p["W"].std()) == (pytest.approx(0.05, rel=0.01), pytest.approx(0.0289, rel=0.02))
