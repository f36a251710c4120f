"""The floor: a step's bare matrix products and nothing else, by NumPy's BLAS (`numpy`) or torch's (`torch`).

A convolution counts as one product with its windows ready as rows, so a direct one may go below.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from racing.workloads import read


class Contender:
    """Products of the shapes of a step."""

    compared = False

    def __init__(self, folder: Path, name: str, variant: str, threads: int, *, dropout: bool) -> None:
        m = read(folder, name, dropout=dropout)
        rng = np.random.default_rng(0)
        self.products: list[tuple[Any, Any, Any]] = []
        for first, (rows, inner, columns) in enumerate(_shapes(m)):
            x, w, dy = (
                rng.standard_normal(s, dtype=np.float32) for s in ((rows, inner), (inner, columns), (rows, columns))
            )
            self.products += [(x, w, dy.copy()), (x.T, dy, w.copy())]
            if first:
                self.products.append((dy, w.T, x.copy()))
        self.multiply: Callable[[Any, Any, Any], object]
        if variant == "torch":
            import torch

            torch.set_num_threads(threads)
            self.products = [(_tensor(torch, a), _tensor(torch, b), _tensor(torch, c)) for a, b, c in self.products]
            self.multiply = lambda a, b, c: torch.mm(a, b, out=c)
        else:
            from threadpoolctl import threadpool_limits

            threadpool_limits(threads)
            self.multiply = lambda a, b, c: np.matmul(a, b, out=c)

    def run(self, steps: int) -> np.ndarray:
        """No losses."""
        for _ in range(steps):
            for product in self.products:
                self.multiply(*product)
        return np.zeros(steps)


def _tensor(torch: Any, a: np.ndarray) -> Any:
    return torch.from_numpy(a) if a.flags.c_contiguous else torch.from_numpy(a.T).T


def _shapes(m: Any) -> list[tuple[int, int, int]]:
    """(rows, inner, columns) of each layer's product on the way forth."""
    found, shape = [], m.workload.shape
    for layer in m.layers:
        if layer.kind == "dense":
            W = layer.weights["W"]
            found.append((m.workload.batch, *W.shape))
        elif layer.kind == "conv":
            size, _, channels, filters = layer.weights["W"].shape
            less = size - 1 if layer.settings.get("pad") == "valid" else 0
            shape = (shape[0] - less, shape[1] - less, filters)
            found.append((m.workload.batch * shape[0] * shape[1], size * size * channels, filters))
        elif layer.kind == "max_pool":
            shape = (shape[0] // 2, shape[1] // 2, shape[2])
    return found
