"""Periodic embedding: a number becomes itself and a learned mixture of cosine waves of it."""

from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.layer import Param, Slot, TorchSlot
from trainlab.nn.layers._columns import ColumnsLayer

TURN = 2 * np.pi

SOURCE = '''class Periodic(nn.Module):
    """Of each column x: x, and a learned mixture of cosine waves of it; then the other columns."""

    def __init__(self, columns, rest, waves, outputs):
        super().__init__()
        self.columns, self.rest = columns, rest
        self.frequency = nn.Parameter(torch.randn(len(columns), waves))
        self.phase = nn.Parameter(torch.rand(len(columns), waves))
        self.W = nn.Parameter(torch.randn(len(columns), waves, outputs - 1))
        self.b = nn.Parameter(torch.zeros(len(columns), outputs - 1))

    def forward(self, x):
        chosen = x[:, self.columns, None]
        waves = torch.cos(2 * torch.pi * chosen * self.frequency + self.phase)
        mixed = torch.einsum("nkf,kfo->nko", waves, self.W) + self.b
        return torch.cat([torch.cat([chosen, mixed], 2).flatten(1), x[:, self.rest]], 1)
'''


class Periodic(ColumnsLayer, name="periodic"):
    """For each column: x, and cos(2 pi w x + phase) W + b, with weights of its own: `outputs` numbers in all.

    A network then sees fine structure in a number that plain dense layers smooth over. `sigma` sets how fine: too
    large a value memorizes noise. Put it behind the scaling of the inputs (`robust`, `smooth_clip`). Its rate is often
    a tenth of that of the weights: `optimizer: {name: adam, lr_factors: {periodic: 0.1}}`.

    Shapes: x (batch, columns), frequency and phase (columns, frequencies), W (columns, frequencies, outputs - 1),
    b (columns, outputs - 1), y (batch, columns * outputs).

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, appendix A.1 (PBLD); Gorishniy et al. 2022,
    arXiv:2203.05556, section 3.3.
    """

    outputs: int = setting(4, "numbers for each column, itself included", ge=2)
    frequencies: Count = setting(16, "cosine waves of a column")
    sigma: float = setting(0.1, "standard deviation of the first frequencies", gt=0, search={"log": [0.01, 10.0]})

    def out_shape(self, shape: Shape) -> Shape:
        """(columns * outputs,), and the columns that are left."""
        return self.widened(shape, self.outputs)

    def params(self, shape: Shape) -> dict[str, Param]:
        """The waves, and what mixes them; drawn as in the paper's code."""
        k, waves, mixed = len(self.chosen(shape)), self.frequencies, self.outputs - 1
        bound = waves**-0.5
        return {
            "frequency": Param((k, waves), "periodic", spread=self.sigma),
            "phase": Param((k, waves), "periodic", spread=float(np.pi), uniform=True),
            "W": Param((k, waves, mixed), "periodic", spread=bound, uniform=True),
            "b": Param((k, mixed), "periodic", spread=bound, uniform=True),
        }

    def forward(self, s: Slot) -> None:
        """y = x, cos(2 pi w x + phase) W + b."""
        x = s.x[:, self.chosen(s.x.shape[1:])]
        mixed = np.einsum("nkf,kfo->nko", np.cos(self._angle(s, x)), s.p["W"]) + s.p["b"]
        self.join(s.x, np.concatenate([x[:, :, None], mixed], axis=2), s.y)

    def backward(self, s: Slot) -> None:
        """The slope of each wave is -sin, times 2 pi w for x and 2 pi x for w."""
        x = s.x[:, self.chosen(s.x.shape[1:])]
        angle = self._angle(s, x)
        dy = s.dy[:, : x.shape[1] * self.outputs].reshape(*x.shape, self.outputs)
        dmixed = dy[:, :, 1:]
        s.g["W"][...] = np.einsum("nkf,nko->kfo", np.cos(angle), dmixed)
        s.g["b"][...] = dmixed.sum(axis=0)
        dangle = -np.sin(angle) * np.einsum("nko,kfo->nkf", dmixed, s.p["W"])
        s.g["phase"][...] = dangle.sum(axis=0)
        s.g["frequency"][...] = TURN * (dangle * x[:, :, None]).sum(axis=0)
        if s.dx is not None:
            self.split(s.dy, dy[:, :, 0] + TURN * (dangle * s.p["frequency"]).sum(axis=2), s.dx)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        x = s.x[:, self.chosen(tuple(s.x.shape[1:])), None]
        waves = s.torch.cos(TURN * (x * s.p["frequency"]) + s.p["phase"])
        mixed = s.torch.einsum("nkf,kfo->nko", waves, s.p["W"]) + s.p["b"]
        return self.torch_joined(s, s.torch.cat([x, mixed], dim=2))

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        made = f"Periodic({self.chosen(shape)}, {self.rest(shape)}, {self.frequencies}, {self.outputs})"
        return TorchCode(made, dict(p), {"Periodic": SOURCE})

    def _angle(self, s: Slot, x: Array) -> Array:
        return TURN * (x[:, :, None] * s.p["frequency"]) + s.p["phase"]
