"""Products of dense layers whose sums, rows or columns are long: each way of cutting them agrees with NumPy."""

import numpy as np
import pytest
from kernel_pairs import errors, results

from trainlab.engine.plan.library import load
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.layers.dense import Dense

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
    library, made = load(), []
    assert library is not None
    before = library.threads(1)
    try:
        for threads in (1, 3):
            library.threads(threads)
            made.append(results([Dense(units=units), ReLU(), Dense(units=7)], (inputs,), rows, compiled=True))
    finally:
        library.threads(before)
    for name, a in made[0].items():
        assert np.array_equal(made[1][name], a), name
