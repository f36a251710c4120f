"""A real small training in PyTorch: handwritten digits, healthy or with one fault, watched."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import trainlab as tl

torch: Any = pytest.importorskip("torch")
nn = torch.nn


def rows(sort: bool = False, scale: float = 1.0) -> tuple[Any, Any, Any, Any]:
    """1 200 training and 597 validation rows, standardized."""
    x, y = load_digits(return_X_y=True)
    x = scale * (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)
    order = np.random.default_rng(0).permutation(len(x))
    train, val = order[:1200], order[1200:]
    if sort:
        train = train[np.argsort(y[train], kind="stable")]
    numbers, labels = torch.tensor(x.astype(np.float32)), torch.tensor(y)
    return numbers[train], labels[train], numbers[val], labels[val]


def mlp(act: Callable[[], Any] = nn.ReLU, depth: int = 2, change: Callable[[Any], None] | None = None) -> Any:
    """64 inputs, `depth` hidden layers of 64 units, 10 outputs; change: what is done to every hidden layer."""
    torch.manual_seed(0)
    net = nn.Sequential(*[m for _ in range(depth) for m in (nn.Linear(64, 64), act())], nn.Linear(64, 10))
    if change is not None:
        with torch.no_grad():
            for layer in list(net)[:-1:2]:
                change(layer)
    return net


def train(
    runs: Path,
    net: Any,
    optimizer: Any,
    *,
    epochs: int = 12,
    shuffle: bool = True,
    sort: bool = False,
    scale: float = 1.0,
    data: bool = True,
    watched: bool = True,
    **more: Any,
) -> Any:
    """Train, and give the Watch back (None without one)."""
    x, y, v, w = rows(sort, scale)
    mixing = torch.Generator().manual_seed(0)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), 64, shuffle=shuffle, generator=mixing)
    loss_of = nn.CrossEntropyLoss()
    more |= {"data": loader, "val_data": (v, w)} if data else {}
    watch = tl.watch(net, optimizer, name="digits", runs=runs, say=lambda _: None, **more) if watched else None
    for _ in range(epochs):
        net.train()
        for a, b in loader:
            optimizer.zero_grad()
            out = net(a)
            loss = loss_of(out, b)
            loss.backward()
            optimizer.step()
            if watch is not None:
                watch.step(loss, out, b)
        net.eval()
        with torch.no_grad():
            out = net(v)
        if watch is not None:
            watch.epoch(val_loss=loss_of(out, w), val_accuracy=(out.argmax(1) == w).float().mean())
            if watch.stop:
                break
    if watch is not None:
        watch.close()
    return watch
