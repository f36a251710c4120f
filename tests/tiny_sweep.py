"""The tiny trial and the tiny sweep that tests of sweeps train."""

TRIAL = """\
name: tiny
data: {name: friedman1, samples: 120, preprocess: [standardize]}
model: {name: mlp, hidden: [4]}
optimizer: {name: sgd, lr: 0.001}
train: {epochs: 2}
"""


def sweep(trials: int, **space: str) -> str:
    """The config of a sweep; space: what is drawn for `optimizer_lr` and the like, as YAML."""
    lines = "".join(f"    {name.replace('_', '.', 1)}: {drawn}\n" for name, drawn in space.items())
    return f"{TRIAL}sweep:\n  metric: val_loss\n  trials: {trials}\n  space:\n{lines}"


SWEEP = sweep(6, optimizer_lr="{log: [1e-4, 1e-2]}")
