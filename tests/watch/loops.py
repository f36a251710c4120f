"""Digits for the callbacks of other frameworks: rows, a network, and what each of them is called with."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

torch: Any = pytest.importorskip("torch")
nn = torch.nn
torch.set_num_threads(1)


def digits() -> tuple[Any, Any, Any, Any]:
    """1 200 training and 597 validation rows, standardized; as tensors."""
    x, y = load_digits(return_X_y=True)
    x = ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    train, val = order[:1200], order[1200:]
    return torch.tensor(x[train]), torch.tensor(y[train]), torch.tensor(x[val]), torch.tensor(y[val])


def network(dead: bool = False) -> Any:
    """64-64-64-10 with relu; dead: no unit of the first layer ever fires."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    if dead:
        nn.init.constant_(net[0].bias, -30.0)
    return net


def batches(x: Any, y: Any, *, shuffle: bool = True) -> Any:
    """Batches of 64 rows in the same order at every call."""
    mixing = torch.Generator().manual_seed(0)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), 64, shuffle=shuffle, generator=mixing)


def warned(found: Any) -> list[str]:
    """The codes of the warnings and errors."""
    return [d.code for d in found if d.severity != "info"]
