"""The kernels of convolution, pooling and normalization compute what NumPy computes."""

import numpy as np
import pytest
from kernel_fuzz import draw
from kernel_pairs import errors, results

from trainlab.core.component import find
from trainlab.engine.compiled.library import load
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.layer import Layer
from trainlab.nn.layers.batch_norm import BatchNorm
from trainlab.nn.layers.conv import Conv
from trainlab.nn.layers.max_pool import MaxPool
from trainlab.nn.layers.residual import Residual

pytestmark = pytest.mark.skipif(load() is None, reason="no compiled kernels on this machine")

TAILS = {
    "norm": [BatchNorm()],
    "norm relu": [BatchNorm(), ReLU()],
    "norm relu pool": [BatchNorm(), ReLU(), MaxPool()],
    "norm relu pool of 3": [BatchNorm(), ReLU(), MaxPool(size=3)],
    "norm relu overlapping pool": [BatchNorm(), ReLU(), MaxPool(size=3, stride=2, pad="same")],
    "relu": [ReLU()],
    "relu pool": [ReLU(), MaxPool()],
    "relu overlapping pool": [ReLU(), MaxPool(size=3, stride=2, pad="same")],
}


def check(layers, shape, rows, **settings):
    """Both backends, compared."""
    assert errors(layers, shape, rows, **settings) == {}


@pytest.mark.parametrize("channels", [3, 16, 37])
@pytest.mark.parametrize("tail", TAILS)
def test_a_block_of_layers_in_one_pass_leaves_every_array_as_numpy_does(tail, channels):
    """What follows a convolution may be done in its pass: outputs, statistics and gradients stay the same."""
    layers = [Conv(filters=channels, bias="norm" not in tail), *TAILS[tail], Conv(filters=4, size=1)]
    check(layers, (6, 12, 3), 5)
    check(layers, (6, 12, 3), 5, used=2)
    check(layers, (6, 12, 3), 5, train=False)
    check(layers, (6, 12, 3), 5, need_dx=False)


@pytest.mark.parametrize(
    ("shape", "filters", "pad"),
    [
        ((16, 16, 32), 64, "same"),
        ((5, 7, 19), 37, "valid"),
        ((9, 6, 16), 50, 2),
        ((6, 6, 33), 16, 1),
        ((4, 11, 40), 17, 0),
    ],
)
def test_convolutions_by_winograds_algorithm(shape, filters, pad):
    """3 x 3 filters over many channels, with odd sizes and borders, and channels that fill no vector."""
    layers = [Conv(filters=filters, pad=pad), ReLU()]
    check(layers, shape, 5)
    check(layers, shape, 5, used=3, need_dx=False)
    check(layers, shape, 5, train=False)


def test_steps_before_the_last_one_give_the_same_gradients():
    """They leave out the outputs inside a group of layers; nothing else differs."""
    layers = [Conv(filters=5, bias=False), *TAILS["norm relu pool"], Conv(filters=3), ReLU()]
    seen, unseen = (results(layers, (8, 8, 2), 4, compiled=True, last=last) for last in (True, False))
    hidden = {"batch_norm1.y", "relu1.y", "conv2.y"}
    assert {k for k in seen if not np.array_equal(seen[k], unseen[k])} == hidden


def test_a_residual_inside_blocks():
    """Branches with convolutions, and a projection, are lowered like a chain."""
    inner = [Conv(filters=8, stride=2, bias=False), BatchNorm(), ReLU(), Conv(filters=8, bias=False), BatchNorm()]
    check([Conv(filters=4, bias=False), BatchNorm(), ReLU(), Residual(layers=inner), ReLU()], (8, 8, 2), 5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "layers", [["max_pool"], ["conv"], ["batch_norm"], ["layer_norm"], ["conv", "relu", "max_pool"]]
)
def test_numbers_that_are_not_finite_are_passed_on(layers, value):
    """A nan or inf among the inputs is seen in the outputs that depend on it."""
    chain = [find(Layer, name)(**({"filters": 3} if name == "conv" else {})) for name in layers]
    got = results(chain, (4, 4, 3), 2, compiled=True, spoiled=value)
    want = results(chain, (4, 4, 3), 2, compiled=False, spoiled=value)
    name = f"{layers[-1]}1.y"
    assert np.array_equal(np.isfinite(got[name]), np.isfinite(want[name]))
    assert not np.isfinite(got[name]).all()


@pytest.mark.parametrize("seed", range(60))
def test_any_shape(seed):
    """A seeded share of the fuzz: any sizes, strides, borders and numbers of rows."""
    layers, shape, rows, used, zeros = draw(np.random.default_rng(seed), most=20_000)
    check(layers, shape, rows, used=used, zeros=zeros)


def test_threads_do_not_change_a_bit():
    """Tiles and chunks are cut by sizes alone."""
    library = load()
    layers = [Conv(filters=9), *TAILS["norm relu pool"], Conv(filters=5, stride=2, pad="same")]
    try:
        library.threads(1)
        one = results(layers, (12, 10, 3), 21, compiled=True)
        library.threads(3)
        three = results(layers, (12, 10, 3), 21, compiled=True)
    finally:
        library.threads(1)
    assert {k for k in one if not np.array_equal(one[k], three[k])} == set()


FEW = [((9, 13, 1), 8, 5, "valid"), ((7, 10, 3), 6, 5, "same"), ((12, 12, 8), 16, 5, "valid"), ((5, 17, 2), 3, 3, 2)]


@pytest.mark.parametrize(("shape", "filters", "size", "pad"), FEW)
def test_few_filters_and_small_images(shape, filters, size, pad):
    """Neighbouring pixels are computed together, eight images at a time; the last pixels of a row may be fewer."""
    layers = [Conv(filters=filters, size=size, pad=pad), ReLU(), Conv(filters=4, size=3)]
    for rows in (3, 8, 21):
        check(layers, shape, rows)
        check(layers, shape, rows, train=False)


@pytest.mark.parametrize(("width", "rows"), [(30, 2), (9, 11)])
def test_a_pixel_computed_with_its_neighbour_does_not_see_what_that_one_alone_sees(width, rows):
    """An inf that lies in the neighbour's window, but not in its own, leaves a pixel finite."""
    got, want = (
        results([Conv(filters=6, size=3, pad="valid")], (6, width, 2), rows, compiled=compiled, spoiled=np.inf)[
            "conv1.y"
        ]
        for compiled in (True, False)
    )
    assert np.array_equal(np.isfinite(got), np.isfinite(want))
    assert 0 < np.isfinite(got).sum() < got.size
