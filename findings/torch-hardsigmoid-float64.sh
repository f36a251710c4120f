#!/usr/bin/env bash
# PyTorch: hardsigmoid of float64 tensors has the gradient of float32.
# Guess: torch.nn.functional.hardsigmoid computes its constant slope 1/6 in float32, so that in float64 the gradient is
# off by 3e-8 of itself, while min(max(x / 6 + 1/2, 0), 1) written out is right to the last digits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet torch==2.13.0 numpy==2.4.6
environment/bin/python - <<'PY'
import torch

x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
own, = torch.autograd.grad(torch.nn.functional.hardsigmoid(x).sum(), x)
spelled, = torch.autograd.grad(torch.clamp(x / 6 + 0.5, 0, 1).sum(), x)
one, other = abs(own.item() * 6 - 1), abs(spelled.item() * 6 - 1)
print(f"PyTorch {torch.__version__}: slope of hardsigmoid {own.item():.17f}, off by {one:.1e}; written out {other:.1e}")
raise SystemExit(not (one > 1e-9 and other < 1e-15))
PY
