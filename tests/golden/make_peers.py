"""Makes peers.json: test scores of scikit-learn's multilayer perceptrons on the rows that our configs train on.

    python tests/golden/make_peers.py            # writes peers.json beside this file; about a minute
    python tests/golden/make_peers.py --check    # makes them anew; exit 1 where a mean moved by more than 0.01

The same hidden sizes, the same activation where scikit-learn has it (else relu), the same prepared rows of training
and test; everything else is scikit-learn's default, with up to 400 epochs. Needs scikit-learn, and trainlab for
the rows alone.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from trainlab.training.experiment import read
from trainlab.training.setup import build

FILE = Path(__file__).with_name("peers.json")
CONFIGS = Path(__file__).resolve().parents[2] / "configs"
NAMES = (
    "blobs", "breast_cancer", "circles", "diabetes", "digits", "friedman1", "iris", "mnist1d", "moons",
    "spirals", "wine",
)  # fmt: skip
SEEDS = range(5)


def rows_of(setup):
    """Training and test rows as scikit-learn takes them, and a number that tells whether they are the same rows."""
    train, test = setup.parts.train, setup.parts.test
    flat = [np.asarray(a).reshape(len(a), -1) for a in (train.x, test.x)]
    targets = [np.asarray(a).ravel() for a in (train.y, test.y)]
    return flat, targets, round(float(np.abs(flat[1], dtype=np.float64).sum()), 2)


def peer(setup, seed):
    """scikit-learn's network of the same sizes, not yet trained."""
    model = setup.experiment.model
    activation = model.activation.name if model.activation.name in ("relu", "tanh") else "relu"
    kind = MLPRegressor if setup.config.regression else MLPClassifier
    return kind(hidden_layer_sizes=tuple(model.hidden), activation=activation, max_iter=400, random_state=seed)


def made():
    """A score per config and seed."""
    found = {}
    for name in NAMES:
        scores, rows = [], []
        for seed in SEEDS:
            setup = build(read(CONFIGS / f"{name}.yaml", [f"seed={seed}"]))
            (x, x_test), (y, y_test), mark = rows_of(setup)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                scores.append(round(float(peer(setup, seed).fit(x, y).score(x_test, y_test)), 4))
            rows.append(mark)
        hidden = list(setup.experiment.model.hidden)
        found[name] = {"hidden": hidden, "rows": rows, "scores": scores}
    return found


def main():
    """Write the file, or compare with it."""
    got = made()
    if sys.argv[1:] != ["--check"]:
        FILE.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in got.items()) + "\n}\n")
        return
    want = json.loads(FILE.read_text())
    wrong = [
        f"{name}: {g} is not {w}"
        for name, g, w in ((n, got.get(n), want.get(n)) for n in sorted(got.keys() | want.keys()))
        if g is None or w is None or not np.allclose(g["rows"], w["rows"], rtol=1e-4) or g["hidden"] != w["hidden"]
        or abs(np.mean(g["scores"]) - np.mean(w["scores"])) > 0.01
    ]  # fmt: skip
    print("\n".join(wrong) or f"{FILE.name}: scikit-learn agrees")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
