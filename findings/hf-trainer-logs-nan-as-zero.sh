#!/usr/bin/env bash
# Hugging Face Trainer: a loss that is NaN is logged as 0.0.
#
# Guess:     the log says nan from that step on.
# Behaviour: with the default logging_nan_inf_filter=True each NaN counts as nothing in the mean that is logged. When every
#            step is NaN, the logged loss is exactly 0.0, and the final train_loss a small finite number, although every
#            weight of the model is NaN. Only grad_norm says nan.
# Cure:      logging_nan_inf_filter=False, or look at grad_norm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==4.57.6 accelerate==1.14.0
env/bin/python - <<'PY'
import logging
import os

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import Trainer, TrainingArguments

logging.disable(logging.WARNING)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x, labels):
        return {"loss": torch.nn.functional.cross_entropy(self.linear(x), labels)}


rows = [{"x": torch.tensor([1.0, 2.0]), "labels": torch.tensor(i % 2)} for i in range(63)]
rows.append({"x": torch.tensor([float("nan"), 1.0]), "labels": torch.tensor(0)})
arguments = TrainingArguments(
    "out", num_train_epochs=2, per_device_train_batch_size=8, logging_steps=2, report_to=[], disable_tqdm=True,
    save_strategy="no", use_cpu=True, seed=0,
)
trainer = Trainer(Model(), arguments, train_dataset=rows)
trainer.train()
log = trainer.state.log_history
last, summary = log[-2], log[-1]
print("last loss", last["loss"], "grad_norm", last["grad_norm"], "train_loss of the run", summary["train_loss"])
assert all(p.isnan().all() for p in trainer.model.parameters())
assert last["loss"] == 0.0 and last["grad_norm"] != last["grad_norm"]
assert 0.0 < summary["train_loss"] < 0.7
PY
echo "as described"
