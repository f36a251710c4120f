"""Products of dense layers: each way of cutting long ones, and of leaving out zeros, agrees with NumPy."""

import numpy as np
import pytest
from kernel_pairs import errors, results

from trainlab.engine.compiled.builder import Op
from trainlab.engine.compiled.generator import draws_alike
from trainlab.engine.compiled.library import load
from trainlab.engine.compiled.program import Program
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.dropout import Dropout

pytestmark = pytest.mark.skipif(load() is None, reason="no kernels")

SIZES = [  # rows, inputs, units
    (200, 1536, 100),  # a sum in chunks, rows 2048 bytes apart or more
    (64, 2048, 33),  # rows a multiple of 4096 bytes apart
    (5, 4097, 9),  # few rows, a chunk of odd length
    (300, 700, 40),  # two blocks of rows, a sum in three stretches
    (1, 1300, 700),  # one row
    (70, 40, 1500),  # dx is a sum in chunks
]


@pytest.mark.parametrize(("rows", "inputs", "units"), SIZES)
def test_large_products_agree_with_numpy(rows, inputs, units):
    """y, dW, db and dx, with a relu before and after."""
    layers = [Dense(units=inputs), ReLU(), Dense(units=units), ReLU()]
    assert errors(layers, (24,), rows) == {}
    assert errors([Dense(units=units), ReLU()], (inputs,), rows, used=max(1, rows - 3)) == {}


@pytest.mark.parametrize(("rows", "inputs", "units"), SIZES)
def test_large_products_have_the_same_bits_on_any_number_of_threads(rows, inputs, units):
    """One thread and three."""
    _same_bits([Dense(units=units), ReLU(), Dense(units=7)], inputs, rows)


def _same_bits(layers, inputs, rows, **settings):
    library, made = load(), []
    assert library is not None
    before = library.threads(1)
    try:
        for threads in (1, 3):
            library.threads(threads)
            made.append(results(layers, (inputs,), rows, compiled=True, **settings))
    finally:
        library.threads(before)
    for name, a in made[0].items():
        assert np.array_equal(made[1][name], a), name


SPARSE = [  # rows, inputs, units; from 48 units on and 200 000 multiplications products leave out zeros
    (128, 512, 512),  # whole lists and panels
    (37, 131, 77),  # a list of three numbers, a panel whose last vector is not full
    (300, 70, 1500),  # two blocks of rows, sums of dx in two parts
    (1, 1300, 200),  # one row
    (515, 129, 64),  # five lists of rows in dW
]


@pytest.mark.parametrize("zeros", [0.7, 0.99, 1.0])
@pytest.mark.parametrize(("rows", "inputs", "units"), SPARSE)
def test_sparse_products_agree_with_numpy(rows, inputs, units, zeros):
    """x is sparse; with a relu before, dx is wanted only where x is not 0; with fewer rows than there is memory for."""
    for layers in ([Dense(units=units)], [ReLU(), Dense(units=units), ReLU()]):
        assert errors(layers, (inputs,), rows, zeros=zeros) == {}
        assert errors(layers, (inputs,), rows, zeros=zeros, used=max(1, rows - 3)) == {}


def test_products_behind_dropout_agree_with_numpy():
    """dx passes dropout and relu at once, with dropout's scale; the last dense layer's dy is sparse, too."""
    for mode in ("inverted", "vanilla", "unscaled"):
        dropout = Dropout(drop=0.6, mode=mode)
        layers = [layer for units in (300, 200, 90) for layer in (Dense(units=units), ReLU(), dropout)]
        got, true = (results(layers, (40,), 100, compiled=compiled, last=False) for compiled in (True, False))
        for name, a in true.items():
            assert np.allclose(got[name], a, rtol=1e-4, atol=1e-5 * np.abs(a).max()), (mode, name)


@pytest.mark.parametrize(("zeros", "listed"), [(0.5, False), (0.7, True)])
def test_leaving_out_zeros_changes_no_bit(zeros, listed):
    """The same product with memory for lists and without; lists are made where three of five numbers or more are 0."""
    library, rng = load(), np.random.default_rng(0)
    assert library is not None
    x, W = (rng.standard_normal(shape).astype(np.float32) for shape in ((160, 300), (300, 200)))
    x[rng.random(x.shape) < zeros] = 0
    places, counts = np.zeros(x.shape, np.uint8), np.zeros((160, 5), np.uint8)
    made = []
    for lists in ([None, None], [places, counts]):
        y, fires = np.full((160, 200), np.nan, np.float32), np.full((160, 200), np.nan, np.float32)
        ops = [Op("dense_forward", [300, 200, 1], [], [x, W, W[0], y, fires, None, *lists])]
        Program(ops, library, None).once(160)
        made.append((y, fires))
    assert all(np.array_equal(*pair) for pair in zip(*made, strict=True))
    assert counts.sum() == (np.count_nonzero(x) if listed else 0)


@pytest.mark.parametrize("spoiled", [np.inf, np.nan])
def test_zero_times_what_is_not_finite_is_seen(spoiled):
    """It is nan, and not left out: an infinite weight behind a unit that never fires, a gradient of a row of zeros."""
    library, rows, n_in, units = load(), 160, 300, 200
    assert library is not None
    x, W, dy = (np.zeros(shape, np.float32) for shape in ((rows, n_in), (n_in, units), (rows, units)))
    W[7], dy[9] = spoiled, spoiled
    y, dW, packed = np.zeros_like(dy), np.zeros_like(W), np.zeros((rows, 8 * units), np.float32)
    lists = [np.zeros(x.shape, np.uint8), np.zeros((rows, 5), np.uint8)]
    forward = Op("dense_forward", [n_in, units, 1], [], [x, W, None, y, None, None, *lists])
    backward = Op("dense_weight_gradient", [n_in, units], [], [x, dy, dW, None, packed])
    Program([forward, backward], library, None).once(rows)
    assert np.isnan(y).all()
    assert np.isnan(dW).all()


def test_dropout_is_drawn_by_a_kernel():
    """If it were not, only the time would show it."""
    library = load()
    assert library is not None
    assert draws_alike(library)


@pytest.mark.parametrize(("rows", "inputs", "units"), SPARSE)
def test_sparse_products_have_the_same_bits_on_any_number_of_threads(rows, inputs, units):
    """One thread and three."""
    _same_bits([ReLU(), Dense(units=units)], inputs, rows, zeros=0.7)
