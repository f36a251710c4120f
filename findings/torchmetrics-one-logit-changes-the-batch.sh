#!/usr/bin/env bash
# torchmetrics: whether numbers are probabilities or logits is decided for each batch.
#
# Guess:     it is decided once, or by a setting.
# Behaviour: a batch whose numbers all lie in [0, 1] is taken for probabilities, one with a single number outside for
#            logits. Logits 0.3 and 0.4 are class 0 in one batch; with a logit of -2 beside them they are class 1.
#            So with logits the accuracy depends on which rows share a batch, near the boundary and early in training.
# Cure:      hand over sigmoid(logits).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0 "numpy<3"
env/bin/python - <<'PY'
import torch
from torchmetrics import Accuracy

alone = Accuracy(task="binary")(torch.tensor([0.3, 0.4]), torch.tensor([1, 1]))
beside = Accuracy(task="binary")(torch.tensor([0.3, 0.4, -2.0]), torch.tensor([1, 1, 0]))
print("logits 0.3, 0.4 of class 1:", float(alone), "with a third, -2 of class 0:", float(beside))
assert float(alone) == 0.0 and float(beside) == 1.0
PY
echo "as described"
