"""Where two runs part, on run folders written by hand through the store."""

import math

import numpy as np
import pytest
from run_folders import OVERFITTING, make_run

from trainlab.report.difference import Parting, difference
from trainlab.report.difference_text import difference_lines
from trainlab.store import checkpoint
from trainlab.store.columns import LAYER_COLUMNS, STEP_COLUMNS
from trainlab.store.reading import read_run
from trainlab.store.rows import RowWriter

LAYERS = [
    (20, "dense1", "mean", 0.5),
    (20, "relu1", "dead", 0.0),
    (40, "dense1", "mean", 0.25),
    (40, "relu1", "dead", 0.125),
]


def a_run(runs, *, losses=(1.0, 0.5, 0.25), layers=LAYERS, W=((1.0, 2.0),), lr=0.1, **more):
    """A run with these losses of its steps, layer statistics and weights."""
    folder = make_run(runs, config={"optimizer": {"name": "sgd", "lr": lr}}, **more)
    with RowWriter(folder.steps, STEP_COLUMNS) as rows:
        for i, loss in enumerate(losses, 1):
            rows.write(dict(zip(STEP_COLUMNS, (i, loss, 0.1, 2.0, 0.01), strict=True)))
    with RowWriter(folder.layers, LAYER_COLUMNS) as rows:
        for row in layers:
            rows.write(dict(zip(LAYER_COLUMNS, row, strict=True)))
    checkpoint.save(folder.checkpoints / "last.safetensors", {"dense1.W": np.array(W, np.float32)}, {})
    return read_run(folder.path)


@pytest.fixture
def one(tmp_path):
    return a_run(tmp_path)


def test_the_same_numbers_are_identical_whatever_the_name(one, tmp_path):
    """Two runs with the same numbers are said to be identical bit for bit; another name and time do not matter."""
    found = difference(one, a_run(tmp_path, name="other"))
    assert found.identical
    assert "\n".join(difference_lines(found, width=200)) == (
        "digits-1 and other-1 are identical bit for bit: 12 numbers of steps, 4 of layers, 15 of epochs, 2 weights; "
        "only the name of the configs differ."
    )


def test_the_first_of_everything(one, tmp_path):
    """The first step, layer, quantity and weight that differ are named, exactly and beyond the tolerance."""
    later = [*LAYERS[:1], (20, "relu1", "dead", 0.5), *LAYERS[2:]]
    two = a_run(
        tmp_path,
        losses=(1.0, np.nextafter(0.5, 1), 0.3),
        layers=later,
        W=((1.0, 2.5),),
        lr=0.2,
        findings=[OVERFITTING],
    )
    found = difference(one, two)
    assert not found.identical
    assert found.config == {"optimizer.lr": {"first": 0.1, "second": 0.2}}
    assert found.steps.exact == Parting((2,), "loss", 0.5, 0.5000000000000001)
    assert found.steps.beyond == Parting((3,), "loss", 0.25, 0.3)
    assert found.layers.exact == Parting((20, "relu1"), "dead", 0.0, 0.5)
    assert found.epochs.exact is None
    assert found.weights.exact == Parting(("dense1.W", 0, 1), "value", 2.0, 2.5)
    assert found.findings == ((), ("overfitting (warning, step 20)",))
    assert difference_lines(found) == [
        "digits-1 and digits-2 differ first in optimizer.lr, and their numbers first",
        "  differ at step 2: loss.",
        "",
        "left digits-1, right digits-2",
        "config: 1 key differs",
        "  optimizer.lr  0.1 | 0.2",
        "steps: 12 numbers",
        "  exactly until step 2: loss 0.5 | 0.5000000000000001",
        "  beyond 0.001, relative: step 3: loss 0.25 | 0.3",
        "layers: 4 numbers",
        "  first step 20, relu1: dead 0 | 0.5",
        "epochs: 15 numbers, the same bit for bit",
        "last weights: 2 numbers",
        "  first dense1.W[0, 1]: value 2 | 2.5",
        "findings: only right: overfitting (warning, step 20)",
    ]


def test_narrow_and_ascii(one, tmp_path):
    """At 40 columns no line is longer, and an ASCII terminal gets ASCII."""
    lines = difference_lines(difference(one, a_run(tmp_path, lr=3.0, name="größe")), width=40, ascii_only=True)
    assert max(map(len, lines)) <= 40
    assert all(line.isascii() for line in lines)


def test_tolerance(one, tmp_path):
    """What differs by less than the tolerance parts exactly only."""
    two = a_run(tmp_path, losses=(1.0, 0.5004, 0.25))
    assert difference(one, two).steps.beyond is None
    assert "  all within 0.001, relative" in difference_lines(difference(one, two))
    assert difference(one, two, tolerance=1e-4).steps.beyond == Parting((2,), "loss", 0.5, 0.5004)


def test_nan_is_like_nan_and_far_from_a_number(tmp_path):
    """Two nan are the same; nan beside a number is beyond any tolerance."""
    one, same = (a_run(tmp_path, losses=(1.0, math.nan)) for _ in range(2))
    assert difference(one, same).identical
    found = difference(one, a_run(tmp_path, losses=(1.0, 0.5)), tolerance=1e9).steps.beyond
    assert found is not None
    assert (found.place, found.second) == ((2,), 0.5)
    assert math.isnan(found.first)


def test_a_run_that_goes_on_longer(one, tmp_path):
    """Steps that only one run has are counted, and the runs are not identical."""
    found = difference(one, a_run(tmp_path, losses=(1.0, 0.5, 0.25, 0.125)))
    assert (found.steps.exact, found.steps.only, found.identical) == (None, (0, 4), False)
    assert difference_lines(found)[0] == (
        "digits-1 and digits-2 have the same config; all numbers that both have are the"
    )
    assert "steps: 12 numbers, the same bit for bit (4 only right)" in difference_lines(found)


def test_a_missing_file_is_said(one, tmp_path):
    """A folder without a file is compared in all the others."""
    two = a_run(tmp_path)
    two.folder.steps.unlink()
    found = difference(one, two)
    assert not found.identical
    assert found.steps.problem == f"{two.folder.steps}: cannot read: No such file or directory"
    assert found.layers.same
