"""The configs of the built-in data sets, against scikit-learn's networks of the same sizes.

scikit-learn's scores are recorded in tests/golden/peers.json by make_peers.py beside it.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from trainlab.core.component import registered
from trainlab.data.source import Source
from trainlab.training.experiment import read
from trainlab.training.train import train

ROOT = Path(__file__).resolve().parents[2]
PEERS = json.loads((ROOT / "tests/golden/peers.json").read_text())


def test_every_built_in_data_set_has_a_config():
    """Each built-in data set has a config of its name, and a score of scikit-learn to compare with."""
    needs_file = {"path", "x"}  # a file of the user's
    built_in = {cls.name for cls in registered(Source) if needs_file.isdisjoint(cls.model_fields)}

    assert {f.stem for f in (ROOT / "configs").glob("*.yaml")} >= built_in
    assert set(PEERS) == built_in


@pytest.mark.parametrize("name", sorted(PEERS))
def test_config_is_healthy_and_holds_its_own(name: str, tmp_path: Path):
    """Over seeds 0 to 4 no run gets a warning, and the mean test score is not below scikit-learn's.

    Not below: by no more than one standard error of the five differences (both see the same rows for each seed).
    """
    scores, complaints = [], []
    for seed in range(5):
        document = read(ROOT / "configs" / f"{name}.yaml", [f"seed={seed}"])
        outcome = train(document, runs=tmp_path)
        complaints += [(seed, d.code) for d in outcome.findings if d.severity != "info"]
        scores.append(next(value for key, value in outcome.test.items() if key != "loss"))
    lead = np.subtract(scores, PEERS[name]["scores"])

    assert complaints == []
    assert list(document.value.model.hidden) == PEERS[name]["hidden"], "make tests/golden/peers.json anew"
    assert lead.mean() >= -lead.std(ddof=1) / 5**0.5, f"{scores} against {PEERS[name]['scores']}"
    if name == "digits":
        assert min(scores) >= 0.97
        assert np.mean(scores) >= 0.975
