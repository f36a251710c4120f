"""What a shell offers when Tab is pressed: commands, options, and the names of runs, findings and kinds."""

import os
import subprocess
import sys

import pytest

ASKED = [
    ("tra", {"train"}),
    ("train --resu", {"--resume"}),
    ("report digits", {"digits-1", "digits-2"}),
    ("train --resume digits-2", {"digits-2"}),
    ("report --runs elsewhere di", set()),
    ("explain lr-too", {"lr-too-high", "lr-too-low"}),
    ("components opt", {"optimizer"}),
]


@pytest.mark.parametrize(("typed", "want"), ASKED)
def test_bash(typed, want, tmp_path):
    """The script of `--show-completion` asks in this way what may follow."""
    for name in ("digits-1", "digits-2", "moons-1"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    words = ["trainlab", *typed.split()]
    asked = {"_TRAINLAB_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}

    got = subprocess.run(
        [sys.executable, "-m", "trainlab"], env=os.environ | asked, cwd=tmp_path, capture_output=True, text=True
    )

    assert {*got.stdout.split()} == want
    assert got.stderr == ""
