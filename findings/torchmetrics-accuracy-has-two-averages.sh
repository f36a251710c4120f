#!/usr/bin/env bash
# torchmetrics: Accuracy(task="multiclass") and MulticlassAccuracy are not the same number.
#
# Guess:     the first is a shorter way to the second.
# Behaviour: the first averages over rows ("micro"), the second over classes ("macro": balanced accuracy). On four right
#            rows of class 0 and one wrong row of each other class: 0.667 and 0.333. F1Score(task="multiclass") is "micro",
#            too, and so it is the accuracy.
# Cure:      write average= .
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0 "numpy<3"
env/bin/python - <<'PY'
import torch
from torchmetrics import Accuracy, F1Score
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

said, true = torch.tensor([0, 0, 0, 0, 1, 2]), torch.tensor([0, 0, 0, 0, 2, 1])
settings = {"num_classes": 3}
got = [
    float(Accuracy(task="multiclass", **settings)(said, true)),
    float(MulticlassAccuracy(**settings)(said, true)),
    float(F1Score(task="multiclass", **settings)(said, true)),
    float(MulticlassF1Score(**settings)(said, true)),
]
print([round(g, 3) for g in got])
assert [round(g, 3) for g in got] == [0.667, 0.333, 0.667, 0.333]
PY
echo "as described"
