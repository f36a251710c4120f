"""A sweep under random kills; `sweep_kills.py` does the same with hundreds of them."""

from sweep_kills import disturbed


def test_killed_again_and_again_it_ends_as_the_undisturbed_sweep(tmp_path):
    """Trials, the process that starts them and the sweep itself die; resumed, not one row differs."""
    chaos, differences = disturbed(tmp_path, kills=6, trials=5, overrides=["train.epochs=20"], seed=1)
    assert differences == [], (chaos.kills, (chaos.folder / "log.txt").read_text())
    assert sum(chaos.kills.values()) == 6
