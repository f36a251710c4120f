"""On a GPU: time per step and peak memory of `train.engine: torch` against a hand-written loop.

    python benchmarks/torch_gpu.py                 # W4 of the race and a ResNet on 32 x 32 images
    python benchmarks/torch_gpu.py resnet --dtype bfloat16 --compile

Needs PyTorch with CUDA. Both do the same work in one process, in turns; the loop keeps all rows on the GPU, as fast
loops do for data of this size. No figure is in the repository: there was no GPU where it was written.
"""

import argparse
import gc
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from racing.workloads import WORKLOADS
from torch import nn

from trainlab.engine.trainer import Trainer
from trainlab.training.experiment import read_plain
from trainlab.training.setup import build

ROWS = 4096


def conv(filters: int, stride: int = 1) -> list[Any]:
    """A convolution and its norm, as in a config."""
    return [{"conv": {"filters": filters, "stride": stride, "bias": False}}, "batch_norm"]


def block(filters: int, stride: int = 1) -> list[Any]:
    """A residual block."""
    inner = [*conv(filters, stride), "relu", *conv(filters)]
    shortcut = [{"conv": {"filters": filters, "size": 1, "stride": stride, "bias": False}}, "batch_norm"]
    return [{"residual": {"layers": inner, "shortcut": shortcut if stride > 1 else []}}, "relu"]


RESNET = [
    *(*conv(64), "relu", *block(64), *block(64), *block(128, 2), *block(128), *block(256, 2), *block(256)),
    *(*block(512, 2), *block(512), "global_avg_pool", {"dense": "output"}),
]
NETWORKS = {"W4": (WORKLOADS["W4"].layers, 64), "resnet": (RESNET, 128)}


class Residual(nn.Module):
    """Inner layers plus a shortcut."""

    def __init__(self, inner: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.inner, self.shortcut = inner, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum."""
        return self.inner(x) + self.shortcut(x)


def module(layers: list[Any], channels: int, size: int) -> tuple[nn.Sequential, int, int]:
    """The same layers by hand; the channels and the size of an image after them."""
    made: list[nn.Module] = []
    for layer in layers:
        kind, s = (layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
        if kind == "conv":
            edge, stride = s.get("size", 3), s.get("stride", 1)
            made.append(nn.Conv2d(channels, s["filters"], edge, stride, padding=edge // 2, bias=False))
            channels, size = s["filters"], -(-size // stride)
        elif kind == "batch_norm":
            made.append(nn.BatchNorm2d(channels))
        elif kind == "max_pool":
            made.append(nn.MaxPool2d(2))
            size //= 2
        elif kind == "residual":
            inner, after, smaller = module(s["layers"], channels, size)
            shortcut = module(s["shortcut"], channels, size)[0] if s["shortcut"] else nn.Identity()
            made.append(Residual(inner, shortcut))
            channels, size = after, smaller
        elif kind == "global_avg_pool":
            made += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            size = 1
        elif kind == "flatten":
            made.append(nn.Flatten())
            channels, size = channels * size * size, 1
        elif kind == "dense":
            units = 10 if s == "output" else int(s)
            made.append(nn.Linear(channels, units))
            channels = units
        else:
            made.append(nn.ReLU(inplace=True))
    return nn.Sequential(*made), channels, size


class Loop:
    """A loop as a person writes it: rows on the GPU, channels last, fused Adam."""

    def __init__(self, layers: list[Any], batch: int, x: np.ndarray, y: np.ndarray, a: argparse.Namespace) -> None:
        self.batch, self.half, self.device = batch, a.dtype == "bfloat16", a.device
        self.x = torch.from_numpy(x.transpose(0, 3, 1, 2)).to(a.device).to(memory_format=torch.channels_last)
        self.t = torch.from_numpy(y).to(a.device)
        made = module(layers, 3, 32)[0].to(a.device).to(memory_format=torch.channels_last)
        self.model: Any = torch.compile(made) if a.compile else made
        self.optimizer = torch.optim.Adam(made.parameters(), lr=1e-3, fused=True)

    def run(self, steps: int) -> None:
        """Some steps; waits for the GPU at the end."""
        for _ in range(steps):
            index = torch.randint(len(self.x), (self.batch,), device=self.device)
            with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
                loss = nn.functional.cross_entropy(self.model(self.x[index]).float(), self.t[index])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        if self.device == "cuda":
            torch.cuda.synchronize()


def ours(layers: list[Any], batch: int, folder: Path, a: argparse.Namespace) -> Trainer:
    """A trainer on the same rows."""
    settings: dict[str, Any] = {"engine": "torch", "device": a.device, "batch_size": batch, "compile": a.compile}
    document = {
        "data": {"name": "npz", "path": str(folder / "rows.npz"), "split": {"val": 0, "test": 0}},
        "model": {"name": "sequential", "layers": layers},
        "optimizer": {"name": "adam", "lr": 1e-3},
        "train": settings | {"dtype": a.dtype},
    }
    setup = build(read_plain(document, source="benchmark"))
    return Trainer(setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams)


def advance(trainer: Trainer, steps: int) -> None:
    """Some steps of ours, in calls of 20, as inspections cut them."""
    done = 0
    while done < steps:
        done += trainer.advance(min(20, steps - done, trainer.steps_left))


def held() -> int:
    """Bytes of the GPU that tensors take now, 0 without one."""
    return torch.cuda.memory_allocated() if torch.cuda.is_available() else 0


def timed(run: Any, steps: int, other: int) -> tuple[float, float]:
    """Milliseconds per step, and the peak memory of the GPU in MB without the bytes of the other, 0 without a GPU."""
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    began = perf_counter()
    run(steps)
    return (perf_counter() - began) / steps * 1e3, (torch.cuda.max_memory_allocated() - other) / 2**20 if gpu else 0.0


def race(name: str, x: np.ndarray, y: np.ndarray, a: argparse.Namespace) -> str:
    """Both on one network, in turns."""
    layers, batch = NETWORKS[name]
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "rows.npz", x=x, y=y)
        trainer = ours(layers, batch, Path(folder), a)
    run = partial(advance, trainer)
    run(a.warm)
    own = held()
    loop = Loop(layers, batch, x, y, a)
    loop.run(a.warm)
    others = held() - own
    pairs = [(timed(run, a.steps, others), timed(loop.run, a.steps, own)) for _ in range(a.rounds)]
    one, other = (statistics.median(pair[i][0] for pair in pairs) for i in range(2))
    ratio = statistics.median(pair[0][0] / pair[1][0] for pair in pairs)
    peaks = [max(pair[i][1] for pair in pairs) for i in range(2)]
    return f"{name}: {one:.2f} ms a step, the loop {other:.2f} ms: {ratio:.3f}; MB: {peaks[0]:.0f}, {peaks[1]:.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--warm", type=int, default=20, help="steps that are not counted")
    a = parser.parse_args()
    if a.device == "cuda" and not torch.cuda.is_available():
        sys.exit("no CUDA device here; `--device cpu --steps 2 --rounds 1 --warm 1` shows that the script works")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, 32, 32, 3)).astype(np.float32), np.arange(ROWS) % 10
    name = torch.cuda.get_device_name() if a.device == "cuda" else "the processor"
    print(f"{name}, PyTorch {torch.__version__}, {a.dtype}, compile {a.compile}")
    for name in a.networks:
        print(race(name, x, y, a), flush=True)
        gc.collect()  # the memory of both


if __name__ == "__main__":
    main()
