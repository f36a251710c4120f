"""Numbers as text, by the kernel: what Python's repr writes."""

import numpy as np
import pytest

from trainlab.engine.compiled.library import load

pytestmark = pytest.mark.skipif(load() is None, reason="no compiled kernels here")


def test_lines_are_what_repr_writes():
    """Every size of number, whole ones, powers, ties and what is not finite, text for text."""
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [
            rng.normal(size=4000),
            10 ** rng.uniform(-9, 17, 12000),
            rng.random(2000).astype(np.float32),
            10 ** rng.uniform(-7, -3, 4000),
            np.round(rng.random(2000), 3),
            np.round(10 ** rng.uniform(-7, 3, 2000), 7),
            np.arange(1000) / 8,
            10.0 ** np.arange(-20, 25),
            2.0 ** np.arange(-20, 60),
            [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 1e15, 1e16, 0.1 + 0.2, -1.5e-5],
            [9999999999999998.0, 999999999999999.9, 123456789012345678.0, 9.999999999999999e-5, 1e-5, 2.5e-6],
        ]
    )
    values = values[: len(values) // 4 * 4].reshape(-1, 4)
    steps = np.arange(1, len(values) + 1)
    got = load().lines(steps, values).decode().splitlines()
    assert got == [f"{s}," + ",".join(map(repr, row)) for s, row in zip(steps.tolist(), values.tolist(), strict=True)]


def test_every_number_of_digits_and_what_repeats():
    """Drawn numbers of every length and size, columns that stay the same, and step numbers of any length."""
    rng = np.random.default_rng(1)
    for digits in range(10):
        values = np.round(10 ** rng.uniform(-6.5, 16, (3000, 3)), digits) * rng.choice([1.0, -1.0], (3000, 3))
        values[rng.random(3000) < 0.5, 1] = 0.05
        steps = rng.integers(1, 10 ** (1 + digits), 3000)
        got = load().lines(steps, values).decode().splitlines()
        assert got == [
            f"{s}," + ",".join(map(repr, row)) for s, row in zip(steps.tolist(), values.tolist(), strict=True)
        ]


def test_labelled_lines():
    """A step, each line's own text, a number: as one would write them by hand."""
    texts = [",dense1,mean,", ",a,b,", ",residual1.relu1,bin00,"]
    values = np.array([0.1, float("nan"), 1.7976931348623157e308])
    got = load().labelled(20_040, "".join(texts).encode(), np.cumsum([len(t) for t in texts]), values)
    assert got.decode() == "".join(f"20040{t}{v!r}\n" for t, v in zip(texts, values.tolist(), strict=True))
