"""PyTorch: `eager`, `channels_last` (images), `compile`; fused optimizers, batches taken by index from one tensor."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from racing.workloads import Layer, Material, read
from torch import nn
from torch.nn import functional


class Contender:
    """Steps by PyTorch."""

    def __init__(self, folder: Path, name: str, variant: str, threads: int, *, dropout: bool) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        m = read(folder, name, dropout=dropout)
        last = {"memory_format": torch.channels_last} if variant == "channels_last" else {}
        images = m.x.ndim == 4
        x = np.ascontiguousarray(m.x.transpose(0, 3, 1, 2)) if images else m.x
        self.x = torch.from_numpy(x).to(**last)
        self.t, self.batches = torch.from_numpy(m.t), m.batches()
        model = nn.Sequential(*_modules(m)).to(**last)
        self.optimizer = _optimizer(m, model)

        def loss(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return functional.cross_entropy(model(x), t)

        self.loss: Any = torch.compile(loss) if variant == "compile" else loss
        self.last = bool(last)

    def run(self, steps: int) -> np.ndarray:
        """Losses of the next steps."""
        losses = []
        for _ in range(steps):
            index = torch.from_numpy(self.batches.next())
            x = self.x[index] if self.last else self.x.index_select(0, index)
            self.optimizer.zero_grad()
            loss = self.loss(x, self.t[index])
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).numpy()


def _modules(m: Material) -> list[nn.Module]:
    made: list[nn.Module] = []
    shape = m.workload.shape
    flattened: tuple[int, ...] | None = None
    for layer in m.layers:
        module, shape, flattened = _module(layer, shape, flattened)
        made.append(module)
    return made


def _module(
    layer: Layer, shape: tuple[int, ...], flattened: tuple[int, ...] | None
) -> tuple[nn.Module, tuple[int, ...], tuple[int, ...] | None]:
    """The module, the shape of a row after it, and the image that was flattened right before."""
    s, w = layer.settings, {k: torch.from_numpy(a.copy()) for k, a in layer.weights.items()}
    if layer.kind == "dense":
        W = w["W"]
        if flattened is not None:  # rows of W are in the order height, width, channel; torch flattens channels first
            W = W.reshape(*flattened, -1).permute(2, 0, 1, 3).reshape(W.shape)
        made = nn.Linear(*W.shape, bias="b" in w)
        made.weight.data.copy_(W.T)
        _bias(made, w)
        return made, (W.shape[1],), None
    if layer.kind == "conv":
        size, _, channels, filters = w["W"].shape
        pad = 0 if s.get("pad") == "valid" else size // 2
        made = nn.Conv2d(channels, filters, size, padding=pad, bias="b" in w)
        made.weight.data.copy_(w["W"].permute(3, 2, 0, 1))
        _bias(made, w)
        return made, (shape[0] + 2 * pad - size + 1, shape[1] + 2 * pad - size + 1, filters), None
    if layer.kind == "batch_norm":
        kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
        return kind(shape[-1]), shape, None
    if layer.kind == "max_pool":
        return nn.MaxPool2d(2), (shape[0] // 2, shape[1] // 2, shape[2]), None
    if layer.kind == "flatten":
        return nn.Flatten(), (int(np.prod(shape)),), shape
    if layer.kind == "dropout":
        return nn.Dropout(s["drop"]), shape, None
    return nn.ReLU(inplace=True), shape, None


def _bias(module: Any, w: dict[str, torch.Tensor]) -> None:
    if "b" in w:
        module.bias.data.copy_(w["b"])


def _optimizer(m: Material, model: nn.Module) -> torch.optim.Optimizer:
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": m.workload.l2}, {"params": others}]
    o = m.workload.optimizer
    if o["name"] == "adam":
        return torch.optim.Adam(groups, lr=o["lr"], fused=True)
    return torch.optim.SGD(groups, lr=o["lr"], momentum=0.9, fused=True)
