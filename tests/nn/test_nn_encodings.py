"""Layers that make several numbers of a column: their bins and values are those of the papers' own code."""

import numpy as np
import pytest

from trainlab.core.errors import ShapeError
from trainlab.core.streams import Streams
from trainlab.engine.network import Net
from trainlab.nn.layer import Layer
from trainlab.nn.models.sequential import Sequential
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build


def outputs(net, rows):
    """What it makes of rows."""
    work = net.workspace(len(rows), train=False)
    work.x[...] = rows
    work.forward()
    return work.y


def test_other_columns_follow():
    """With `columns`, the others stand unchanged behind the outputs, in their order."""
    net = Net([Layer.read({"name": "periodic", "columns": [2]})], (3,), dtype="float64")
    x = np.arange(27.0).reshape(9, 3)
    made = net.out_shape[0] - 2
    assert outputs(net, x)[:, made:].tolist() == x[:, :2].tolist()


@pytest.mark.parametrize("columns", [[3], [-1], [0, 0], []])
def test_columns_that_are_not_there(columns):
    """Indices out of range, repeated or none at all are errors of the layer."""
    with pytest.raises(ShapeError, match="columns must be different indices from 0 to 2"):
        Net([Layer.read({"name": "periodic", "columns": columns})], (3,))


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
