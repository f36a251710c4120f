"""A sweep under random kills; `sweep_kills.py` does the same with hundreds of them."""

import pytest
from sweep_kills import disturbed


@pytest.mark.parametrize(
    ("trials", "overrides"),
    [
        (5, ["train.epochs=20"]),
        (3, ["train.epochs=15", "sweep.repeats=2"]),
        (6, ["train.epochs=9", "sweep.strategy=asha"]),
    ],
)
def test_killed_again_and_again_it_ends_as_the_undisturbed_sweep(tmp_path, trials, overrides):
    """Trials, the process that starts them and the sweep itself die; resumed, not one row differs."""
    chaos, differences = disturbed(tmp_path, kills=5, trials=trials, overrides=overrides, seed=1)
    assert differences == [], (chaos.kills, (chaos.folder / "log.txt").read_text())
    assert sum(chaos.kills.values()) == 5
