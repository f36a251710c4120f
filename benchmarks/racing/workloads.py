"""The five workloads of the race, and what all contenders share: rows, starting weights, the order of batches.

Everything is made once, by trainlab, and written to a folder that each contender reads: `x.npy`, `t.npy` (class
numbers), `order.npy` (row numbers of some epochs, one after the other), `weights.npz` (`dense1.W` and so on; dense
(in, out), conv (height, width, channels, filters)), and `rows.npz`, the file that `trainlab train` reads.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS_OF_ORDER = 4
VALIDATION = 50  # training rows for each validation row


@dataclass(frozen=True)
class Workload:
    """A network with its data and recipe. `layers` as in a config; momentum and Adam have the usual constants."""

    name: str
    title: str
    shape: tuple[int, ...]
    batch: int
    steps: int  # of an epoch
    optimizer: dict[str, Any]
    layers: list[Any]
    l2: float = 0.0

    @property
    def rows(self) -> int:
        """Training rows: whole batches only."""
        return self.batch * self.steps

    def document(self, folder: Path, *, dropout: bool = True, **train: Any) -> dict[str, Any]:
        """The config of `trainlab train`."""
        layers = self.layers if dropout else [layer for layer in self.layers if "dropout" not in layer]
        share = 1 / (VALIDATION + 1)
        return {
            "data": {
                "name": "npz",
                "path": str(folder / "rows.npz"),
                "split": {"val": share, "test": 0, "stratify": False},
            },
            "model": {"name": "sequential", "layers": layers},
            "optimizer": self.optimizer,
            "regularization": {"l2": self.l2},
            "train": {"epochs": 1_000_000, "batch_size": self.batch, **train},
        }


def _hidden(units: int) -> list[Any]:
    return [{"dense": {"units": units, "bias": False}}, "batch_norm", "relu", {"dropout": 0.5}]


ADAM = {"name": "adam", "lr": 1e-3}
WORKLOADS = {
    w.name: w
    for w in (
        Workload(
            "W1",
            "MLP 64-64-10, batch 32, momentum (digits)",
            (64,),
            32,
            1600,
            {"name": "momentum", "lr": 0.05},
            [{"dense": 64}, "relu", {"dense": "output"}],
        ),
        Workload(
            "W2",
            "MLP 3072-100-10, batch 200, Adam, L2",
            (3072,),
            200,
            50,
            ADAM,
            [{"dense": 100}, "relu", {"dense": "output"}],
            l2=1e-3,
        ),
        Workload(
            "W3",
            "MLP 784-3x512-10, batch 128, batch norm, dropout, Adam",
            (784,),
            128,
            100,
            ADAM,
            [*_hidden(512), *_hidden(512), *_hidden(512), {"dense": "output"}],
        ),
        Workload(
            "W4",
            "CNN 32x32x3, two conv, batch norm, batch 64, Adam",
            (32, 32, 3),
            64,
            150,
            ADAM,
            [
                *({"conv": {"filters": 32, "size": 3, "bias": False}}, "batch_norm", "relu", "max_pool"),
                *({"conv": {"filters": 64, "size": 3, "bias": False}}, "batch_norm", "relu", "max_pool"),
                *("flatten", {"dense": 128}, "relu", {"dense": "output"}),
            ],
        ),
        Workload(
            "W5",
            "LeNet 28x28, batch 64, momentum",
            (28, 28, 1),
            64,
            200,
            {"name": "momentum", "lr": 0.01},
            [
                *({"conv": {"filters": 8, "size": 5, "pad": "valid"}}, "relu", "max_pool"),
                *({"conv": {"filters": 16, "size": 5, "pad": "valid"}}, "relu", "max_pool"),
                *("flatten", {"dense": 120}, "relu", {"dense": "output"}),
            ],
        ),
    )
}


@dataclass(frozen=True)
class Layer:
    """A layer as peers read it: its kind, its settings, and its weights by the name that they have in a checkpoint."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """What a peer needs to do the same work."""

    workload: Workload
    x: np.ndarray
    t: np.ndarray
    order: np.ndarray  # (batches, rows of a batch)
    layers: list[Layer]

    def batches(self) -> "Batches":
        """Row numbers, batch by batch."""
        return Batches(self.order)


class Batches:
    """The order of batches, over and over."""

    def __init__(self, order: np.ndarray) -> None:
        self.order, self.taken = order, 0

    def next(self) -> np.ndarray:
        """The rows of the next batch."""
        index = self.order[self.taken % len(self.order)]
        self.taken += 1
        return index

    def many(self, steps: int) -> np.ndarray:
        """The rows of the next batches, (steps, batch)."""
        return np.stack([self.next() for _ in range(steps)])


def read(folder: Path, name: str, *, dropout: bool) -> Material:
    """The material of a workload."""
    w = WORKLOADS[name]
    kept = np.load(folder / "weights.npz")
    counts: dict[str, int] = {}
    layers = []
    for given in w.layers:
        kind, settings = given if isinstance(given, tuple) else _said(given)
        counts[kind] = counts.get(kind, 0) + 1
        prefix = f"{kind}{counts[kind]}."
        weights = {key.removeprefix(prefix): kept[key] for key in kept.files if key.startswith(prefix)}
        if dropout or kind != "dropout":
            layers.append(Layer(kind, settings, weights))
    order = np.load(folder / "order.npy").reshape(-1, w.batch)
    return Material(w, np.load(folder / "x.npy"), np.load(folder / "t.npy"), order, layers)


def _said(layer: Any) -> tuple[str, dict[str, Any]]:
    """A layer's kind and settings; one value alone is the first setting."""
    if isinstance(layer, str):
        return layer, {}
    kind, value = next(iter(layer.items()))
    first = {"dense": "units", "dropout": "drop"}.get(kind, "size")
    return kind, value if isinstance(value, dict) else {first: value}


def make(folder: Path, name: str) -> None:
    """Write a workload's material, unless it is there."""
    if (folder / "order.npy").exists():
        return
    from trainlab.core.streams import Streams
    from trainlab.engine.sampler import BatchSampler
    from trainlab.training.experiment import read_plain
    from trainlab.training.setup import build

    w = WORKLOADS[name]
    folder.mkdir(parents=True, exist_ok=True)
    x, y = _rows(w, w.rows + w.rows // VALIDATION)
    np.savez(folder / "rows.npz", x=x, y=y)
    document = read_plain(w.document(folder), source=name)
    setup = build(document)
    if len(setup.parts.train) != w.rows:
        raise ValueError(f"{name}: {len(setup.parts.train)} training rows, {w.rows} wanted")
    np.save(folder / "x.npy", np.asarray(setup.parts.train.x, np.float32))
    np.save(folder / "t.npy", setup.t_train)
    np.savez(folder / "weights.npz", **setup.net.params)
    order = BatchSampler(w.rows, w.batch, Streams(document.value.seed).named("order"))
    epochs: list[np.ndarray] = []
    for _ in range(EPOCHS_OF_ORDER):
        epochs.append(order.remaining().copy())
        order.skip(w.steps)
    np.save(folder / "order.npy", np.concatenate(epochs).astype(np.int64))


def _rows(w: Workload, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the workload: digits again and again, or noise around a pattern for each of ten classes."""
    if w.name == "W1":
        from trainlab.core.component import find
        from trainlab.data.source import Source

        loaded = find(Source, "digits")().load(np.random.default_rng(0)).rows
        index = np.arange(n) % len(loaded.x)
        flat = np.asarray(loaded.x, np.float32).reshape(len(loaded.x), -1)[index]
        return flat / np.float32(flat.max()) - np.float32(0.3), np.asarray(loaded.y)[index]
    rng, size = np.random.default_rng(int(w.name[1])), int(np.prod(w.shape))
    if len(w.shape) == 3:  # patterns of large patches, which a convolution can learn
        height, width, channels = w.shape
        patches = 0.5 * rng.standard_normal((10, 4, 4, channels), dtype=np.float32)
        patterns = patches.repeat(height // 4, axis=1).repeat(width // 4, axis=2).reshape(10, size)
    else:
        patterns = rng.standard_normal((10, size), dtype=np.float32) * np.float32(3 / np.sqrt(size))
    y = rng.integers(0, 10, n)
    x = rng.standard_normal((n, size), dtype=np.float32)
    x += patterns[y]
    return x.reshape(n, *w.shape), y
