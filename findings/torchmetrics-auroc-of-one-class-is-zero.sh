#!/usr/bin/env bash
# torchmetrics: the area under the ROC curve of rows of one class is 0, the worst score there is.
#
# Guess:     nan, as scikit-learn says.
# Behaviour: 0.0 with a warning, also where every score is right. A mean over batches or folds of which one lacks a class is
#            pulled down. scikit-learn gives nan and a warning for the same rows.
# Cure:      compute it over all rows together; leave out parts with one class.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0 scikit-learn==1.9.1
env/bin/python - <<'PY'
import warnings

import torch
from sklearn.metrics import roc_auc_score
from torchmetrics import AUROC

warnings.simplefilter("ignore")
torchmetrics = float(AUROC(task="binary")(torch.tensor([0.8, 0.9]), torch.tensor([1, 1])))
sklearn = float(roc_auc_score([1, 1], [0.8, 0.9]))
print("torchmetrics", torchmetrics, "scikit-learn", sklearn)
assert torchmetrics == 0.0 and sklearn != sklearn
PY
echo "as described"
