#!/usr/bin/env bash
# LightGBM: a metric that is only added to be looked at decides when training stops.
#
# Guess:     early stopping follows the first metric, or the last one, as XGBoost does.
# Behaviour: every metric has its own patience, and the first to run out ends the training and names the best iteration.
#            Here log loss alone trains all 60 trees. With AUC added, which is perfect from the first tree on, training keeps 1 tree.
# Cure:      first_metric_only=True, or min_delta.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6
env/bin/python - <<'PY'
import lightgbm
import numpy as np

random = np.random.default_rng(0)
x = random.random((400, 3))
y = (x[:, 0] > 0.5).astype(int)


def trees(metrics):
    train = lightgbm.Dataset(x[:300], y[:300])
    val = lightgbm.Dataset(x[300:], y[300:], reference=train)
    stop = lightgbm.early_stopping(5, verbose=False)
    settings = {"objective": "binary", "metric": metrics, "verbose": -1, "num_threads": 1}
    return lightgbm.train(settings, train, 60, valid_sets=[val], callbacks=[stop]).num_trees()


alone, both = trees(["binary_logloss"]), trees(["binary_logloss", "auc"])
print("trees by log loss:", alone, "by log loss and AUC:", both)
assert both == 1 and alone >= 20
PY
echo "as described"
